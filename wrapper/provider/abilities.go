// What an inbox implements beside Inbox, and what it only seems to implement.

package provider

import (
	"errors"
	"fmt"
	"reflect"
)

// findAbilities sets an interface of h for each that the inbox implements. A method with the name of one
// but another signature is an error: the endpoint would be missing silently.
func (h *Handler) findAbilities() error {
	if h.inbox == nil {
		return errors.New("it is nil; pass a value that implements Inbox")
	}
	h.senderGetter, _ = h.inbox.(SenderGetter)
	h.templatesGetter, _ = h.inbox.(TemplatesGetter)
	h.messageGetter, _ = h.inbox.(MessageGetter)
	h.channelDeleter, _ = h.inbox.(ChannelDeleter)
	h.fileReceiver, _ = h.inbox.(FileReceiver)

	// Each name is a constant: in a program that looks methods up by a variable, the linker keeps
	// every method of every type.
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
		return fmt.Errorf("%v has %s, but does not implement %v: compare the methods and their signatures", inbox, m.Name, reflect.TypeFor[A]())
	}
}
