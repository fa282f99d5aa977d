package providercall

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// hostile are answers that cost more to judge than to send.
func hostile() map[string]string {
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (maxAnswer-len(before)-len(after))/len(unit)) + after
	}
	const page = `{"success":true,"additional_data":{},"data":`
	return map[string]string{
		"empty objects":       fill(page+"[{}", ",{}", "]}"),
		"empty messages":      fill(page+`[{"messages":[{}`, ",{}", "]}]}"),
		"empty participants":  fill(page+`[{"participants":[{}`, ",{}", "]}]}"),
		"numbers for objects": fill(page+"[1", ",1", "]}"),
		"objects in a word":   fill(page+`[],"extra":[{}`, ",{}", "]}"),
		"many keys":           fill(page+`[],"a":1`, `,"a":1`, "}"),
		"nested lists":        fill(page, "[", ""),
		"nested objects":      fill(page, `{"data":`, ""),
		"a long text":         fill(page+`[{"status":"`, "x", `"}]}`),
		"a long key":          fill(page+`[],"`, "x", `":1}`),
		"a long number":       fill(page+`[{"id":`, "9", "}]}"),
		"escapes":             fill(`{"success":"`, `\u0041`, `"}`),
	}
}

func TestJudgingIsBounded(t *testing.T) {
	t.Parallel()
	for name, body := range hostile() {
		for _, endpoint := range []string{GetConversations, GetTemplates} {
			a := Answer{Endpoint: endpoint, StatusCode: 200, Body: []byte(body)}
			found := a.Judge(t.Context())
			if len(found) == 0 && endpoint == GetTemplates || len(found) > maxViolations {
				t.Errorf("%s of %s: %d violations", name, endpoint, len(found))
			}
			for _, v := range found {
				if len(v.String()) > 1000 {
					t.Errorf("%s of %s: a violation in %d bytes: %.100s", name, endpoint, len(v.String()), v)
				}
			}
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if found := (Answer{Endpoint: GetConversations, StatusCode: 200, Body: []byte(hostile()["empty objects"])}).Judge(ended); len(found) > 0 {
		t.Errorf("it was judged after the end: %v", found)
	}
}

// A list of a few bytes an element would become hundreds of megabytes when it is decoded.
func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		"[" + strings.Repeat("{},", maxElements) + "{}]":                       false,
		`{"a":[` + strings.Repeat("1,", maxElements) + "1]}":                   false,
		"[" + strings.Repeat("[1,2],", maxElements/3+1) + "[]]":                false,
		"[" + strings.Repeat("{},", maxElements-2) + "{}]":                     true,
		`{"text":"` + strings.Repeat("[,", maxElements) + `"}`:                 true,
		`{"text":"\"` + strings.Repeat("[,", maxElements) + `"}`:               true,
		"{" + strings.Repeat(`"a":1,`, maxElements) + `"a":1}`:                 true,
		`{"a":[{` + strings.Repeat(`"a":1,`, maxElements) + `"a":1}],"b":[1]}`: true,
	} {
		if _, err := readAnswer(strings.NewReader(body)); (err == nil) != want {
			t.Errorf("%.40s… of %d bytes: %v", body, len(body), err)
		}
	}
	for n, want := range map[int]bool{maxAnswer: true, maxAnswer + 1: false} {
		if _, err := readAnswer(strings.NewReader(strings.Repeat(" ", n))); (err == nil) != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// The walk over objects and lists knows a few words of OpenAPI; the document must use no others there.
func TestTheDocumentUsesKnownWords(t *testing.T) {
	t.Parallel()
	operations, err := documented()
	if err != nil {
		t.Fatal(err)
	}
	var check func(name string, s *openapi3.Schema)
	check = func(name string, s *openapi3.Schema) {
		if s.Type == nil || len(*s.Type) != 1 || len(s.AllOf)+len(s.AnyOf)+len(s.OneOf) > 0 || s.Not != nil {
			t.Errorf("%s has no plain type", name)
			return
		}
		if s.Type.Is("object") || s.Type.Is("array") {
			rest := *s
			rest.Type, rest.Properties, rest.Items, rest.Required, rest.MinItems = nil, nil, nil, nil, 0
			rest.Description, rest.Example, rest.Extensions, rest.Origin = "", nil, nil, nil
			if !reflect.DeepEqual(rest, openapi3.Schema{}) {
				t.Errorf("%s: nobody judges by %+v", name, rest)
			}
		}
		for property, below := range s.Properties {
			check(name+"."+property, below.Value)
		}
		if s.Items != nil {
			check(name+".#", s.Items.Value)
		}
	}
	for name, o := range operations {
		for status, response := range o.of.Responses.Map() {
			check(name+" "+status, response.Value.Content.Get("application/json").Schema.Value)
		}
	}
}

// Objects and lists are taken apart as encoding/json takes them apart.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{`{}`, `[]`, ` { "a" : [ 1 , {"b":"]"} ] , "c\"\u0041" : -1.5e3 } `, `["\\",[[]],{"x":{}},null,true]`, `{"":""}`, `"text"`, "7"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		trimmed := []byte(strings.Trim(text, " \t\r\n"))
		elements(trimmed) // whatever it is
		if !json.Valid(trimmed) || len(trimmed) > maxName {
			return
		}
		switch trimmed[0] {
		case '{':
			var want map[string]json.RawMessage
			if err := json.Unmarshal(trimmed, &want); err != nil {
				t.Fatal(err)
			}
			got := map[string]json.RawMessage{}
			for name, value := range members(trimmed) {
				got[string(name)] = value
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %s, want %s", text, got, want)
			}
		case '[':
			var want, got []json.RawMessage
			if err := json.Unmarshal(trimmed, &want); err != nil {
				t.Fatal(err)
			}
			for _, value := range members(trimmed) {
				got = append(got, value)
			}
			if !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
				t.Errorf("%s: got %s, want %s", text, got, want)
			}
		}
	})
}
