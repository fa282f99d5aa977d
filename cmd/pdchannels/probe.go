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
		Short: "Find out whether the API is alive at the base URL, and open to the credential",
		Long: `Delivers a message without any content, which the API refuses: that refusal is the sign of
life. It changes nothing, and costs as much of the daily budget as one message.

  alive           the refusal came, with its code          exit code 0
  refused         401 or 403: alive, but not for you       exit code 4
  limited         429: alive, but a limit is used up       exit code 4
  gone            404 or 410: withdrawn, or a wrong URL    exit code 1
  something_else  what answers is not the API              exit code 1
  no_answer       nothing answers, or with an error of its
                  own (5xx): nobody can tell               exit code 3`,
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

// signOfLife is the code by which the API refuses the message of a probe.
const signOfLife = "INVALID_RECEIVE_MESSAGE_PAYLOAD"

// verdict is what a probe has shown.
type verdict struct {
	name     string
	sentence string // about the base URL, which goes first
	exit     int
}

func judgeProbe(err error) verdict {
	e, _ := errors.AsType[*channels.Error](err)
	switch {
	case err == nil:
		return verdict{"alive", "is the Channels API, alive and open to this credential: it refused an empty message as it should (" + signOfLife + "), and nothing was changed", exitDone}
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
		return verdict{"no_answer", "answers with an error of its own, so nobody can tell", exitUnsure}
	default:
		return verdict{"no_answer", "does not answer, so nobody can tell", exitUnsure}
	}
}

// showProbe tells the verdict, which is a result and no error, whatever it is.
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
