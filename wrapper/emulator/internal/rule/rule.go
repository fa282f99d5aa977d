// Package rule holds, as data, what the emulator decides by, and what each rests on: published by
// the vendor, seen in public clients and apps, or our choice where the sources are silent. An
// exchange names the rules that answered it. The marks of sources are those of spec/PROVENANCE.md.
package rule

import "github.com/pdchannels/pdchannels/gen/emulatorserver"

// Rule is one of them.
type Rule = emulatorserver.Rule

func documented(id, says, source string) Rule {
	return Rule{ID: id, Provenance: emulatorserver.Documented, Says: says, Source: source}
}

func seen(id, says, source string) Rule {
	return Rule{ID: id, Provenance: emulatorserver.Seen, Says: says, Source: source}
}

func choice(id, says string) Rule {
	return Rule{ID: id, Provenance: emulatorserver.Choice, Says: says}
}

// What is decided before an operation.
var (
	Host        = choice("host", "only names of the emulator's own are answered, so that no web page gets in by DNS rebinding")
	Origin      = choice("origin", "a web page of another origin may not use the emulator")
	Credentials = seen("credentials", "401 in the gateway's envelope without a valid token", "[seen], [oauth]")
	TwoTokens   = choice("credentials.two", "two credentials at once are refused, since nothing says which one counts")
	QueryToken  = seen("credentials.query", "api_token in the query, where older releases of Pipedrive's npm package put it", "[seen]")
	Limits      = documented("limits", "429 beyond the burst limit or the budget of the day", "[limits]")
	SameLimits  = choice("limits.alike", "both limits give the same 429; the burst is counted by installation, and the day ends at midnight UTC")
	Route       = choice("route", "404 and 405 in the gateway's envelope")
	Type        = choice("type", "415 unless the body is application/json")
	NoType      = choice("type.missing", "a body without a content type is taken for JSON")
	Size        = choice("size", "a body has 1 MiB at most")
	JSON        = choice("json", "what JSON leaves open is refused: bytes that are no UTF-8, half a surrogate pair, a key that comes twice, nesting beyond 32 levels")
	Document    = documented("document", "the body is as the document has it", "[ref], [seed]")
	Order       = choice("order", "the order of the checks, and the texts of errors")
	Contested   = choice("contested", "what any published source allows is accepted, with a warning where another one refuses it")
	Strict      = choice("strict", "strict: what any published source refuses is refused")
	Full        = choice("full", "256 MiB are kept, and 507 beyond them")
	Failure     = choice("failure", "the emulator itself failed")
	Withdrawn   = choice("profile.withdrawn", "a service that is gone may answer 404, 410 or a page")
	Faulty      = choice("fault", "a fault that was set")
)

// The operations.
var (
	AddChannel      = documented("addChannel", "registers a channel, and the app is asked for its history", "[ref], [guide]")
	AdminOnly       = documented("addChannel.admin", "only admins register channels: 403 ADMIN_ONLY", "[ref], [seed]")
	ChannelExists   = seen("addChannel.exists", "the code CHANNEL_ALREADY_EXISTS", "[seen]")
	Exists409       = choice("addChannel.exists.status", "it comes with 409, and 400 is as possible; channels collide by provider_channel_id")
	UniqueName      = documented("addChannel.name", "the guide calls the name unique", "[guide]")
	ReceiveMessage  = documented("receiveMessage", "takes a message in, or updates the one that exists", "[ref], [guide]")
	UpdateByID      = choice("receiveMessage.update", "the key of an update is the id within its channel; it replaces the message, and a late status is taken as any other")
	Confirmation    = documented("receiveMessage.confirmation", "the app confirms a reply by receiveMessage with the id it returned", "[guide]")
	UnknownChannel  = documented("channel.unknown", "404 for an unknown channel, by the guide's page on troubleshooting", "[guide]")
	UnknownCode     = choice("channel.unknown.code", "its code and text are those that deleteConversation documents")
	DeleteChannel   = documented("deleteChannel", "removes a channel with all it holds", "[ref]")
	DeleteByOthers  = choice("deleteChannel.owner", "any user may delete a channel: the reference names no restriction, the guide leaves it to the owner")
	DeleteConv      = documented("deleteConversation", "removes a conversation with its messages", "[ref]")
	OwnerOnly       = documented("deleteConversation.owner", "only the owner of the installation may: 403 FORBIDDEN_USER_REQUEST", "[ref], [guide]")
	UnknownConv     = choice("conversation.unknown", "an unknown conversation gets the 404 of an unknown channel")
	OwnUser         = documented("users.me", "whose token it is", "[oauth]")
	OwnUserFree     = choice("users.me.cost", "three of its fields, and it costs nothing of the day's budget")
	TokenEndpoint   = documented("token", "exchanges a code or a refresh token", "[oauth]")
	TokenByForm     = seen("token.form", "client_id and client_secret as fields of the form, as Pipedrive's example apps send them", "[seen]")
	TokenError      = documented("token.error", "400 with an OAuth error", "[oauth]")
	Rotating        = choice("token.rotating", "a refresh token is spent by its use; one page says so, another that it stays")
	Repeating       = choice("token.repeating", "a refresh token stays; one page says so, another that it is spent by its use")
	Revoke          = documented("revoke", "revoking the refresh token uninstalls the app; 200 for an unknown token as well", "[oauth]")
	Authorize       = documented("authorize", "a user allows the app, or does not", "[oauth]")
	AnyLoopback     = choice("authorize.loopback", "without registered URLs the app may be called back anywhere on loopback")
	Marketplace     = documented("marketplace", "an install from the Marketplace comes without a state", "[oauth]")
	UninstallCall   = documented("uninstall", "a DELETE on the callback URL; its answer is not read", "[oauth]")
	UninstallOnce   = choice("uninstall.once", "one attempt of 5 seconds")
	ImportHistory   = documented("import", "the history of a channel that was added is imported page by page", "[guide]")
	ImportBound     = choice("import.bound", "an import ends after 100 pages, at an empty page, and at a cursor that repeats")
	AskConversation = documented("conversation.ask", "a message of an unknown conversation makes Pipedrive ask for it", "[guide]")
	AskAvatar       = documented("avatar", "a participant with fetch_avatar and no avatar_url is asked for at install", "[guide]")
	AskTemplates    = documented("templates", "templates are asked for if the channel supports them", "[guide]")
	TestLink        = documented("link.test", "a link that expires is tested by HEAD before it is used", "[guide]")
	FreshLink       = documented("link.fresh", "an attachment whose link is gone is asked for by getMessageById", "[guide]")
	FreshAvatar     = documented("avatar.fresh", "an avatar that is gone is asked for by getSenderById, once a day at most", "[guide]")
	AskAgain        = choice("ask.again", "an app that answers 429 is asked again when retry_by says: three times, and within 10 seconds each")
	TellDeletion    = documented("channel.end", "the app is told that a channel is deleted, if it has an endpoint for that", "[guide]")
	PostMessage     = documented("postMessage", "what a user writes is handed to the app", "[guide], [omni]")
	ClosedReplies   = choice("postMessage.closed", "a conversation that is closed takes replies all the same")
)
