-- Answers to requests that carried an Idempotency-Key: a retry gets the first answer, not a second effect.
CREATE TABLE answer (
    caller  TEXT NOT NULL,      -- who asked: the account or token
    key     TEXT NOT NULL,      -- the key, chosen by who asked
    request BLOB NOT NULL,      -- SHA-256 of the request: another one under the same key is refused
    asked   INTEGER NOT NULL,   -- when it came, microseconds since 1970
    status  INTEGER,            -- HTTP status of the answer; NULL until there is one
    kind    TEXT,               -- its content type; NULL until there is one
    body    TEXT,               -- its body; NULL until there is one, and if it was too large to be kept
    PRIMARY KEY (caller, key)
) STRICT;
CREATE INDEX answer_asked ON answer (asked);
