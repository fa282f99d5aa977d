package outbox

// This file has all that SQLite and Postgres spell differently. Everything else is one text for both.

import "strings"

// dialect translates the placeholders in our SQL.
type dialect struct {
	name     string // as the folder of its migrations
	replacer *strings.Replacer
}

// sql returns the query in this dialect. {t} begins the name of a table, {now} is the database's time
// in milliseconds. {lock} locks the rows read, {skip} those that nobody else has locked,
// {share} keeps them from being changed. {rows $n} reads a JSON array of messages in its order, {list $n}
// one of numbers.
func (d dialect) sql(query string) string { return d.replacer.Replace(query) }

// SQLite has one writer at a time, and all our transactions on it begin as one: it needs no locks of rows.
var sqlite = dialect{"sqlite", strings.NewReplacer(
	"{t}", "pdchannels_outbox_",
	"{now}", "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
	"{lock}", "", "{skip}", "", "{share}", "",
	"{rows $2}", `(SELECT value ->> '$.channel' AS channel, value ->> '$.conversation' AS conversation, value ->> '$.id' AS message,
		value ->> '$.body' AS body, key AS place FROM json_each($2))`,
	"{list $1}", "(SELECT value FROM json_each($1))",
	"{true}", "1", "{false}", "0",
)}

var postgres = dialect{"postgres", strings.NewReplacer(
	"{t}", "pdchannels_outbox.",
	"{now}", "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
	"{lock}", "FOR UPDATE", "{skip}", "FOR UPDATE SKIP LOCKED", "{share}", "FOR SHARE",
	"{rows $2}", `(SELECT value ->> 'channel' AS channel, value ->> 'conversation' AS conversation, value ->> 'id' AS message,
		value ->> 'body' AS body, place FROM json_array_elements($2::json) WITH ORDINALITY AS element (value, place))`,
	"{list $1}", "(SELECT value::bigint FROM json_array_elements_text($1::json))",
	"{true}", "true", "{false}", "false",
)}
