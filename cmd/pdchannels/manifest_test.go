package main

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestManifest(t *testing.T) {
	t.Parallel()
	const url = "https://messenger.example/pipedrive"
	for list, names := range map[string][]string{
		"all":                          {"getSenderById", "getTemplates", "getMessageById", "deleteChannelById"},
		"none":                         nil,
		"getTemplates, getMessageById": {"getTemplates", "getMessageById"},
	} {
		r := pdchannels(t, nil, "manifest", "--base-url", url, "--endpoints", list)
		object := r.object(t)
		endpoints, _ := object["endpoints"].(map[string]any)
		if r.code != exitDone || object["version"] != "v202101" || len(endpoints) != 3+len(names) {
			t.Errorf("%s: %d %s", list, r.code, r.stdout)
		}
		for _, name := range append(names, "getConversations", "getConversationById", "postMessage") {
			if at, _ := endpoints[name].(string); !strings.HasPrefix(at, url+"/channels/:providerChannelId") {
				t.Errorf("%s: %s is at %q", list, name, at)
			}
		}
		// What is printed is in order, of course.
		piped(t, nil, r.stdout, "manifest", "--check", "-").wants(t, exitDone, "-: it is valid\n", "")
	}
	if r := pdchannels(t, nil, "manifest", "--json", "--base-url", url); strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("not one line: %s", r.stdout)
	}
}

func TestManifestCheck(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "manifest.json", `{"version":"v1","endpoints":{"getConversations":"http://m.example/:providerChannelId","getChannels":"x",`+
		`"getConversationById":"https://m.example/:providerChannelId","postMessage":"https://m.example/{providerChannelId}"}}`)
	r := pdchannels(t, nil, "manifest", "--check", file)
	r.wants(t, exitFailed, file+": it is not valid:\n", "")
	for _, wrong := range []string{`  version is "v1"`, "  getChannels: there is no such endpoint", `  getConversations: "http://m.example/:providerChannelId": it is not https`, "the variable :sourceConversationId is missing"} {
		if !strings.Contains(r.stdout, wrong) {
			t.Errorf("no %q in %s", wrong, r.stdout)
		}
	}
	r = pdchannels(t, nil, "manifest", "--check", file, "--json")
	problems, _ := field(r.object(t), "manifest", "problems").([]any)
	if r.code != exitFailed || len(problems) != 4 || field(r.object(t), "manifest", "valid") != false {
		t.Errorf("%d %s", r.code, r.stdout)
	}
	piped(t, nil, "no JSON", "manifest", "--check", "-").wants(t, exitFailed, "it is not a JSON object of version and endpoints", "")
}

func TestAManifestInAnotherEncoding(t *testing.T) {
	t.Parallel()
	good := pdchannels(t, nil, "manifest", "--base-url", "https://m.example").stdout
	for text, want := range map[string]string{
		byteOrderMark + good:                                   "it is UTF-8 with a byte order mark",
		inUTF16(binary.LittleEndian, true, good):               "it is UTF-16",
		byteOrderMark + `{"version":"v202101","endpoints":{}}`: "postMessage: it is missing",
		strings.Replace(good, "m.ex", "caf\xe9.ex", 1):         "it is not UTF-8",
		strings.Replace(good, "m.ex", `\ud83d`, 1):             `\ud83d is half a character`,
	} {
		piped(t, nil, text, "manifest", "--check", "-").wants(t, exitFailed, want, "")
	}
	// To call an app by it, it is understood.
	env := vars{"PIPEDRIVE_CLIENT_ID": "app", "PIPEDRIVE_CLIENT_SECRET": "s3cret"}
	good = strings.ReplaceAll(good, "https://m.example", "http://127.0.0.1:1")
	r := piped(t, env, inUTF16(binary.BigEndian, true, good), "check", "--manifest", "-", "--max-time", "1s")
	if r.code == exitUsage || r.stdout == "" {
		t.Errorf("%+v", r)
	}
}

func TestManifestWrongUse(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"give either --base-url":                 {},
		"to check one":                           {"--base-url", "https://m.example", "--check", "x"},
		"it is not https":                        {"--base-url", "http://m.example"},
		"has no scheme: write https://m.example": {"--base-url", "m.example"},
		"not an optional endpoint":               {"--base-url", "https://m.example", "--endpoints", "postMessage"},
		"no such file":                           {"--check", "/nowhere/manifest.json"},
		"is longer than any manifest:":           {"--check", writeFile(t, "long.json", strings.Repeat(" ", maxManifest+1))},
	} {
		pdchannels(t, nil, append([]string{"manifest"}, args...)...).wants(t, exitUsage, "", want)
	}
}
