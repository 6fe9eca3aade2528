-- A mass of notices waits for an operator's word, as a state of its own; and notices are due by what they tell, so that
-- a channel that takes its time holds up only those that go by it.
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY NOT NULL, -- number of the notice, growing
    id         TEXT NOT NULL UNIQUE,         -- its deterministic id
    kind       TEXT NOT NULL,                -- what it tells: the word of its kind
    person     TEXT NOT NULL,                -- whom it tells
    district   TEXT NOT NULL,                -- of which district
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'accepted', 'failed', 'withdrawn')), -- what has become of it
    attempts   INTEGER NOT NULL,             -- attempts so far
    not_before INTEGER NOT NULL,             -- earliest next attempt, microseconds; matters while waiting
    resume_at  TEXT NOT NULL,                -- the same moment exactly, RFC 3339
    body       TEXT NOT NULL                 -- the notice as JSON
) STRICT;
INSERT INTO outbox
SELECT seq, id, body ->> '$.kind', person, district, state, attempts, not_before, resume_at, body FROM notice;

CREATE TABLE attempt (
    seq    INTEGER PRIMARY KEY NOT NULL,         -- number of the attempt, growing
    notice TEXT NOT NULL REFERENCES outbox (id), -- of which notice
    body   TEXT NOT NULL                         -- the attempt as JSON
) STRICT;
INSERT INTO attempt SELECT seq, notice, body FROM delivery;

DROP TABLE delivery;
DROP TABLE notice;
-- What refers to the outbox follows its name.
ALTER TABLE outbox RENAME TO notice;
ALTER TABLE attempt RENAME TO delivery;
CREATE INDEX notice_due ON notice (kind, not_before, seq) WHERE state = 'waiting';
CREATE INDEX notice_person ON notice (person, seq);
CREATE INDEX notice_state ON notice (state, seq);
CREATE INDEX delivery_notice ON delivery (notice, seq);

-- Notices that wait for an operator, one way or the other.
ALTER TABLE tally ADD COLUMN notices_held INTEGER NOT NULL DEFAULT 0;   -- one of a mass
ALTER TABLE tally ADD COLUMN notices_failed INTEGER NOT NULL DEFAULT 0; -- given up
UPDATE tally SET notices_failed = (SELECT count(*) FROM notice WHERE state = 'failed');
