-- What wrapper/auth keeps of an installation: the tokens, as they are. Whoever can read this table
-- can act as the app.
CREATE TABLE pdchannels_auth.record (
    company_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    record     bytea  NOT NULL,
    saved_at   timestamptz NOT NULL,
    PRIMARY KEY (company_id, user_id)
);

-- The states that came back to the callback, by their SHA-256, until they have ended.
CREATE TABLE pdchannels_auth.state (
    digest bytea PRIMARY KEY,
    ends   timestamptz NOT NULL
);
CREATE INDEX state_ends ON pdchannels_auth.state (ends);
