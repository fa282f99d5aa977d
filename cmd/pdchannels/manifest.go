// The command manifest.

package main

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

func manifestCommand(env *environment) *cobra.Command {
	var baseURL, endpoints, file string
	c := &cobra.Command{
		Use:   "manifest {--base-url URL | --check FILE} [flags]",
		Short: "Print the manifest of an app, or check one",
		Long: `A manifest tells Pipedrive where an app has its endpoints; upload it to the Developer Hub. The
printed one has the paths that wrapper/provider serves: edit them if your app serves others.
Every app needs three endpoints. Of the others, name those that the app serves:

  getSenderById      if avatars expire, or Pipedrive has to fetch them
  getTemplates       if a channel supports templates
  getMessageById     if links to attachments expire
  deleteChannelById  if a user may have several channels

--check reports everything that is wrong with a manifest, and exits 1 if anything is.`,
		Example: `pdchannels manifest --base-url https://messenger.example/pipedrive
pdchannels manifest --base-url https://messenger.example/pipedrive --endpoints getTemplates,getMessageById
pdchannels manifest --check manifest.json --json`,
		RunE: func(_ *cobra.Command, _ []string) error {
			switch {
			case (baseURL == "") == (file == ""):
				return usage("give either --base-url to print a manifest, or --check to check one")
			case file != "":
				return env.checkManifest(file)
			default:
				return env.printManifest(baseURL, endpoints)
			}
		},
	}
	flags := c.Flags()
	flags.StringVar(&baseURL, "base-url", "", "the `URL` before /channels at which the app serves its endpoints")
	flags.StringVar(&endpoints, "endpoints", "all", "the endpoints beside the three required ones: a comma-separated `LIST`, all or none")
	flags.StringVar(&file, "check", "", "the `FILE` with the manifest to check; - is stdin")
	completesFiles(c, "check")
	return c
}

// printManifest prints a manifest, which is JSON with or without --json.
func (env *environment) printManifest(baseURL, endpoints string) error {
	if err := absolute("--base-url", baseURL); err != nil {
		return err
	}
	m, err := provider.ManifestAt(baseURL)
	if err != nil {
		return usageError{err}
	}
	optional := map[string]*string{
		"getSenderById": &m.GetSenderByID, "getTemplates": &m.GetTemplates,
		"getMessageById": &m.GetMessageByID, "deleteChannelById": &m.DeleteChannelByID,
	}
	wanted := strings.Split(endpoints, ",")
	switch endpoints {
	case "all":
	case "none":
		wanted = nil
		fallthrough
	default:
		for i, name := range wanted {
			if wanted[i] = strings.TrimSpace(name); optional[wanted[i]] == nil {
				return usage("--endpoints: %s is not an optional endpoint; those are getSenderById, getTemplates, getMessageById, deleteChannelById", printable(wanted[i]))
			}
		}
		for name, url := range optional {
			if !slices.Contains(wanted, name) {
				*url = ""
			}
		}
	}
	encoder := json.NewEncoder(env.stdout)
	encoder.SetEscapeHTML(false)
	if !env.json {
		encoder.SetIndent("", "  ")
	}
	return encoder.Encode(m)
}

// maxManifest is longer than any manifest.
const maxManifest = 1 << 20

// isURL tells a manifest that an app serves from one in a file.
func isURL(name string) bool {
	return strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://")
}

// readManifest reads a manifest, and returns it in UTF-8, how it was encoded if that was another
// way, and what is wrong with it.
func (env *environment) readManifest(name string) (data []byte, encoding string, wrong []string, err error) {
	source := env.stdin
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the user names the file
		if err != nil {
			return nil, "", nil, usageError{err}
		}
		defer func() { _ = f.Close() }() // only read
		source = f
	}
	data, err = io.ReadAll(io.LimitReader(source, maxManifest+1))
	switch {
	case err != nil:
		return nil, "", nil, usage("%s: %w", printable(name), withoutPath(err))
	case len(data) > maxManifest:
		return nil, "", nil, usage("%s is longer than any manifest: is it the right file?", printable(name))
	}
	text, encoding, err := decodeText(data)
	if err != nil {
		return nil, "", []string{err.Error()}, nil
	}
	data = []byte(text)
	if escape, found := halfCharacter(data); found {
		wrong = append(wrong, escape+" is half a character")
	}
	if _, err := provider.ParseManifest(data); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			wrong = append(wrong, strings.TrimPrefix(line, "provider: manifest: "))
		}
	}
	return data, encoding, wrong, nil
}

// checkManifest prints what is wrong with a manifest, which is a result and not an error.
func (env *environment) checkManifest(name string) error {
	_, encoding, wrong, err := env.readManifest(name)
	if err != nil {
		return err
	}
	if encoding != "" {
		wrong = append([]string{"it is " + encoding + ", which many programs cannot read: save it as plain UTF-8"}, wrong...)
	}
	object := map[string]any{"file": name, "valid": len(wrong) == 0, "problems": append([]string{}, wrong...)}
	text := "it is valid"
	if len(wrong) > 0 {
		text = "it is not valid:\n  " + strings.Join(wrong, "\n  ")
	}
	env.say(map[string]any{"manifest": object}, "%s: %s", printable(name), text)
	if len(wrong) > 0 {
		return reported(exitFailed)
	}
	return nil
}
