-- The messages, in the order in which they were appended. Times are milliseconds since 1970.
-- state: 0 waits, 1 was delivered, 2 was refused and is parked.
CREATE TABLE pdchannels_outbox.message (
    seq          bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    installation text     NOT NULL,
    channel      text     NOT NULL,
    conversation text     NOT NULL,
    message      text     NOT NULL,
    body         text     NOT NULL,
    state        smallint NOT NULL DEFAULT 0,
    appended_at  bigint   NOT NULL,
    settled_at   bigint,
    attempts     integer  NOT NULL DEFAULT 0,
    retry_at     bigint,
    error        text
);
CREATE INDEX message_waiting ON pdchannels_outbox.message (installation, seq) WHERE state = 0;
CREATE INDEX message_holding ON pdchannels_outbox.message (installation, channel, conversation)
    WHERE state = 2 OR retry_at IS NOT NULL;
CREATE INDEX message_delivered ON pdchannels_outbox.message (settled_at) WHERE state = 1;

-- A row for each installation. An append holds its lock until it is committed, so that
-- seq grows as appends are committed, and so that work on the lane cannot end beside an append.
-- busy: a job exists or the lane sleeps. turned: what the last append changed.
CREATE TABLE pdchannels_outbox.lane (
    installation text    PRIMARY KEY,
    busy         boolean NOT NULL,
    turned       boolean NOT NULL
) WITH (fillfactor = 50);

-- Who works on a lane. A table of its own, so that a caller's open transaction stops appends alone.
-- state: 0 idle, 1 a job waits for a worker, 2 owner works on it, 3 sleeps until wake_at.
CREATE TABLE pdchannels_outbox.claim (
    installation text     PRIMARY KEY,
    epoch        bigint   NOT NULL,
    state        smallint NOT NULL,
    owner        text     NOT NULL DEFAULT '',
    since        bigint   NOT NULL,
    wake_at      bigint,
    reason       text     NOT NULL DEFAULT '',
    last_owner   text     NOT NULL DEFAULT '',
    window_until bigint   NOT NULL DEFAULT 0,
    delivered    bigint NOT NULL DEFAULT 0,
    takeovers    bigint   NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX claim_wake ON pdchannels_outbox.claim (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX claim_owner ON pdchannels_outbox.claim (owner) WHERE owner <> '';

-- The processes that deliver. One whose beat stands still is dead to the others.
CREATE TABLE pdchannels_outbox.process (
    id    text   PRIMARY KEY,
    host  text   NOT NULL,
    beat  bigint NOT NULL,
    since bigint NOT NULL
) WITH (fillfactor = 50);
