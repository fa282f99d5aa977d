-- The messages, in the order in which they were appended. Times are milliseconds since 1970.
-- state: 0 waits, 1 was delivered, 2 was refused and is parked.
CREATE TABLE pdchannels_outbox_message (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    installation TEXT    NOT NULL,
    channel      TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    message      TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    state        INTEGER NOT NULL DEFAULT 0,
    appended_at  INTEGER NOT NULL,
    settled_at   INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,
    retry_at     INTEGER,
    error        TEXT
);
CREATE INDEX pdchannels_outbox_message_waiting ON pdchannels_outbox_message (installation, seq) WHERE state = 0;
CREATE INDEX pdchannels_outbox_message_holding ON pdchannels_outbox_message (installation, channel, conversation)
    WHERE state = 2 OR retry_at IS NOT NULL;
CREATE INDEX pdchannels_outbox_message_delivered ON pdchannels_outbox_message (settled_at) WHERE state = 1;

-- A row for each installation. busy: a job exists or the lane sleeps. turned: what the last append
-- changed.
CREATE TABLE pdchannels_outbox_lane (
    installation TEXT    PRIMARY KEY,
    busy         INTEGER NOT NULL,
    turned       INTEGER NOT NULL
);

-- Who works on a lane.
-- state: 0 idle, 1 a job waits for a worker, 2 owner works on it, 3 sleeps until wake_at.
CREATE TABLE pdchannels_outbox_claim (
    installation TEXT    PRIMARY KEY,
    epoch        INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    owner        TEXT    NOT NULL DEFAULT '',
    since        INTEGER NOT NULL,
    wake_at      INTEGER,
    reason       TEXT    NOT NULL DEFAULT '',
    last_owner   TEXT    NOT NULL DEFAULT '',
    window_until INTEGER NOT NULL DEFAULT 0,
    delivered    INTEGER NOT NULL DEFAULT 0,
    takeovers    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX pdchannels_outbox_claim_wake ON pdchannels_outbox_claim (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX pdchannels_outbox_claim_owner ON pdchannels_outbox_claim (owner) WHERE owner <> '';

-- The process that delivers.
CREATE TABLE pdchannels_outbox_process (
    id    TEXT    PRIMARY KEY,
    host  TEXT    NOT NULL,
    beat  INTEGER NOT NULL,
    since INTEGER NOT NULL
);
