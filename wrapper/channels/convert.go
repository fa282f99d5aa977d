package channels

import (
	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/internal/wire"
)

// This file alone knows both the public types and the generated ones. It sets every
// field by name: one that is renamed in the document breaks the build here, one that is
// added fails TestEveryFieldIsMapped.

func (r AddChannelRequest) wire() channelsclient.AddChannelRequest {
	return channelsclient.AddChannelRequest{
		Name:              r.Name,
		ProviderChannelId: r.ProviderChannelID,
		AvatarUrl:         r.AvatarURL,
		TemplateSupport:   r.TemplateSupport,
		ProviderType:      channelsclient.ProviderType(r.ProviderType),
	}
}

func channelFromWire(c channelsclient.Channel) Channel {
	return Channel{
		ID:                  c.Id,
		Name:                c.Name,
		AvatarURL:           c.AvatarUrl,
		ProviderChannelID:   c.ProviderChannelId,
		MarketplaceClientID: c.MarketplaceClientId,
		PDCompanyID:         c.PdCompanyId,
		PDUserID:            c.PdUserId,
		CreatedAt:           c.CreatedAt.Time,
		ProviderType:        ProviderType(c.ProviderType),
		TemplateSupport:     c.TemplateSupport,
	}
}

// inferred is the channel of which no answer told: what the request said of it.
func (r AddChannelRequest) inferred() Channel {
	return Channel{
		Name: r.Name, ProviderChannelID: r.ProviderChannelID, AvatarURL: r.AvatarURL,
		TemplateSupport: r.TemplateSupport, ProviderType: r.ProviderType, Inferred: true,
	}
}

func (r ReceiveMessageRequest) wire() channelsclient.ReceiveMessageRequest {
	return channelsclient.ReceiveMessageRequest{
		Id:               r.ID,
		ChannelId:        r.ProviderChannelID,
		SenderId:         r.SenderID,
		ConversationId:   r.ConversationID,
		Message:          r.Message,
		Status:           channelsclient.MessageStatus(r.Status),
		CreatedAt:        wire.Minute{Time: r.CreatedAt},
		ReplyBy:          wire.Minute{Time: r.ReplyBy},
		ConversationLink: r.ConversationLink,
		Attachments:      attachmentsToWire(r.Attachments),
	}
}

func messageFromWire(m channelsclient.Message) Message {
	return Message{
		ID:                m.Id,
		ProviderChannelID: m.ChannelId,
		SenderID:          m.SenderId,
		ConversationID:    m.ConversationId,
		Message:           m.Message,
		Status:            MessageStatus(m.Status),
		CreatedAt:         m.CreatedAt.Time,
		ReplyBy:           m.ReplyBy.Time,
		ConversationLink:  m.ConversationLink,
		Attachments:       attachmentsFromWire(m.Attachments),
	}
}

// attachmentsToWire never returns nil: the published text of Pipedrive's validator
// expects a list, and nil would be written as null.
func attachmentsToWire(list []Attachment) []channelsclient.Attachment {
	out := make([]channelsclient.Attachment, len(list))
	for i := range list {
		a := &list[i]
		out[i] = channelsclient.Attachment{
			Id:          a.ID,
			Type:        a.Type,
			Url:         a.URL,
			Name:        nullIfZero(&a.Name),
			Size:        nullIfZero(&a.Size),
			PreviewUrl:  nullIfZero(&a.PreviewURL),
			LinkExpires: a.LinkExpires,
		}
	}
	return out
}

func attachmentsFromWire(list []channelsclient.Attachment) []Attachment {
	if len(list) == 0 {
		return nil
	}
	out := make([]Attachment, len(list))
	for i, a := range list {
		out[i] = Attachment{
			ID:          a.Id,
			Type:        a.Type,
			URL:         a.Url,
			Name:        zeroIfNull(a.Name),
			Size:        zeroIfNull(a.Size),
			PreviewURL:  zeroIfNull(a.PreviewUrl),
			LinkExpires: a.LinkExpires,
		}
	}
	return out
}

func nullIfZero[T comparable](v *T) *T {
	var zero T
	if *v == zero {
		return nil
	}
	return v
}

func zeroIfNull[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}
