// Which abilities an inbox has, and which it only seems to have.

package provider

import (
	"errors"
	"fmt"
	"reflect"
)

// findAbilities sets an interface of h for each ability of the inbox. A method of an
// ability's name with another signature would be an ability lost in silence: it is an error.
func (h *Handler) findAbilities() error {
	if h.inbox == nil {
		return errors.New("it is nil")
	}
	h.senderGetter, _ = h.inbox.(SenderGetter)
	h.templatesGetter, _ = h.inbox.(TemplatesGetter)
	h.messageGetter, _ = h.inbox.(MessageGetter)
	h.channelDeleter, _ = h.inbox.(ChannelDeleter)
	h.fileReceiver, _ = h.inbox.(FileReceiver)

	// Each name stands in a call of its own: the linker keeps every method of every type
	// in a program that looks methods up by a variable.
	t := reflect.TypeOf(h.inbox)
	return errors.Join(
		checkAbility[SenderGetter](t, h.senderGetter)(t.MethodByName("GetSenderByID")),
		checkAbility[TemplatesGetter](t, h.templatesGetter)(t.MethodByName("GetTemplates")),
		checkAbility[MessageGetter](t, h.messageGetter)(t.MethodByName("GetMessageByID")),
		checkAbility[ChannelDeleter](t, h.channelDeleter)(t.MethodByName("DeleteChannelByID")),
		checkAbility[FileReceiver](t, h.fileReceiver)(t.MethodByName("ReceiveFile")),
		checkAbility[FileReceiver](t, h.fileReceiver)(t.MethodByName("DiscardFile")),
	)
}

func checkAbility[A any](inbox reflect.Type, ability any) func(reflect.Method, bool) error {
	return func(m reflect.Method, found bool) error {
		if !found || ability != nil {
			return nil
		}
		return fmt.Errorf("%v has %s, but is no %v: compare the methods and their signatures", inbox, m.Name, reflect.TypeFor[A]())
	}
}
