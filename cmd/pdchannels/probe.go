// The command probe.

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func probeCommand(env *environment) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "probe [flags]",
		Short: "Find out whether the API works at the base URL with your credential",
		Long: `It sends a message without any content, which a working API rejects. It changes nothing, and
costs as much of the daily budget as one message.

  alive           rejected as it should be                     exit code 0
  refused         401 or 403: alive, but not for you           exit code 4
  limited         429: alive, but a limit is used up           exit code 4
  gone            404 or 410: withdrawn, or a wrong URL        exit code 1
  something_else  what answers is not the API                  exit code 1
  no_answer       no answer, or a server error (5xx): unknown  exit code 3`,
		Example: `pdchannels probe
pdchannels probe --base-url https://company.pipedrive.com/api/v1 --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, baseURL, err := s.client(cmd.Context(), env)
			if err != nil {
				return err
			}
			return env.showProbe(baseURL, client.Probe(cmd.Context()))
		},
	}
	s.declare(c.Flags())
	return c
}

// signOfLife is the code by which the API rejects the message of a probe.
const signOfLife = "INVALID_RECEIVE_MESSAGE_PAYLOAD"

// verdict is the result of a probe.
type verdict struct {
	name     string
	sentence string // begins with the base URL, which is left out here
	exit     int
}

func judgeProbe(err error) verdict {
	e, _ := errors.AsType[*channels.Error](err)
	switch {
	case err == nil:
		return verdict{"alive", "is the Channels API, alive and open to this credential: it rejected an empty message as it should (" + signOfLife + "), and nothing was changed", exitDone}
	case e != nil && e.NotFromAPI && e.Outcome == channels.Rejected && !errors.Is(err, channels.ErrWithdrawn):
		return verdict{"something_else", "answers, but not as the Channels API does", exitFailed}
	case errors.Is(err, channels.ErrUnauthorized):
		return verdict{"refused", "is alive, but refuses this credential", exitNotAllowed}
	case errors.Is(err, channels.ErrForbidden):
		return verdict{"refused", "is alive, but not open to this credential", exitNotAllowed}
	case errors.Is(err, channels.ErrRateLimited):
		return verdict{"limited", "is alive, but a limit is used up", exitNotAllowed}
	case errors.Is(err, channels.ErrWithdrawn):
		return verdict{"gone", "has no Channels API (any more): it was withdrawn, or the base URL is wrong", exitFailed}
	case e != nil && e.Outcome == channels.Rejected, e != nil && e.StatusCode >= 200 && e.StatusCode < 300:
		return verdict{"something_else", "answers, but not as the Channels API does", exitFailed}
	case e != nil && e.StatusCode != 0:
		return verdict{"no_answer", "answers with a server error, so it is unknown whether the API works", exitUnsure}
	default:
		return verdict{"no_answer", "does not answer, so it is unknown whether the API works", exitUnsure}
	}
}

// showProbe prints the verdict, which is a result whatever it is.
func (env *environment) showProbe(baseURL string, err error) error {
	v := judgeProbe(err)
	object := map[string]any{"verdict": v.name, "base_url": baseURL, "message": baseURL + " " + v.sentence}
	saw := ""
	if err != nil {
		object["saw"] = describe(err)
		saw = fmt.Sprintf("\nWhat it saw: %s", plain(err))
	}
	env.say(map[string]any{"probe": object}, "%s %s.%s", baseURL, v.sentence, saw)
	if v.exit == exitDone {
		return nil
	}
	return reported(v.exit)
}
