-- The register as first released. A released migration never changes; what comes later gets the next number.
--
-- Things are kept as JSON in `body`, just as the core's types write themselves. Columns beside it repeat what is
-- looked up or ordered by, and nothing else. `revision` is the commit that wrote the row last. Index columns hold
-- times as whole microseconds since 1970-01-01T00:00:00Z, rounded down; the exact time is in the body.

-- "PRVS": tells a register from any other SQLite database.
PRAGMA application_id = 0x50525653;

-- School districts, the tenants of everything.
CREATE TABLE district (
    id       TEXT PRIMARY KEY NOT NULL, -- the district's id
    revision INTEGER NOT NULL,          -- commit that wrote it last
    body     TEXT NOT NULL              -- the district as JSON
) STRICT;

-- Staff identities.
CREATE TABLE person (
    id        TEXT PRIMARY KEY NOT NULL,               -- the register's id; never changes
    district  TEXT NOT NULL REFERENCES district (id),  -- the district they belong to
    username  TEXT NOT NULL,                           -- account name; one person a district, checked at each commit's end
    source    TEXT,                                    -- directory source that answers for them; NULL for none
    stable_id TEXT,                                    -- their stable id there; NULL with no source
    coach     INTEGER NOT NULL,                        -- 1 for building coaches, else 0
    revision  INTEGER NOT NULL,                        -- commit that wrote it last
    body      TEXT NOT NULL                            -- the person as JSON
) STRICT;
-- Accounts by name. Not unique by itself, because one plan may swap the names of two people.
CREATE INDEX person_username ON person (username COLLATE NOCASE, district);
CREATE INDEX person_district ON person (district, id);
CREATE UNIQUE INDEX person_stable_id ON person (stable_id, source) WHERE stable_id IS NOT NULL;
CREATE INDEX person_coach ON person (district, id) WHERE coach = 1;

-- Mail addresses and telephone numbers by which people are found.
CREATE TABLE person_address (
    address TEXT NOT NULL,                        -- `mail:` and the address in lower case, or `tel:` and its digits
    person  TEXT NOT NULL REFERENCES person (id), -- whose
    PRIMARY KEY (address, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_address_person ON person_address (person);

-- User groups.
CREATE TABLE user_group (
    district TEXT NOT NULL REFERENCES district (id), -- the district whose group it is
    id       TEXT NOT NULL,                          -- its id, unique in the district
    revision INTEGER NOT NULL,                       -- commit that wrote it last
    body     TEXT NOT NULL,                          -- the group as JSON
    PRIMARY KEY (district, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_group_id ON user_group (id);

-- Tools that the register knows. Append-only: a tool keeps its place as long as the register lives.
CREATE TABLE tool (
    place INTEGER PRIMARY KEY NOT NULL, -- its place in rights sets, from 0 without gaps
    name  TEXT NOT NULL UNIQUE          -- its name, `product/tool` or `tool`
) STRICT;

-- What people are given. Identified by person, what and origin.
CREATE TABLE granted (
    person   TEXT NOT NULL REFERENCES person (id), -- who holds it
    what     TEXT NOT NULL,                        -- what it gives, as JSON: {"role":"sis"}
    origin   TEXT NOT NULL,                        -- who gave it and alone takes it away, as JSON: "manual"
    given_by TEXT NOT NULL,                        -- the grantor in words, e.g. `operator root`
    given_at TEXT NOT NULL,                        -- when, RFC 3339
    expires  TEXT,                                 -- not held from then on, RFC 3339; NULL for never
    revision INTEGER NOT NULL,                     -- commit that wrote it last
    PRIMARY KEY (person, what, origin)
) STRICT, WITHOUT ROWID;
CREATE INDEX granted_what ON granted (what, person);

-- Authorized contacts, of every state.
CREATE TABLE contact (
    person   TEXT PRIMARY KEY NOT NULL REFERENCES person (id), -- who
    district TEXT NOT NULL REFERENCES district (id),           -- for which district they speak
    state    TEXT NOT NULL,                                    -- the word of the state, e.g. `active`
    next_due INTEGER,                                          -- when something is due next; NULL for never
    revision INTEGER NOT NULL,                                 -- commit that wrote it last
    body     TEXT NOT NULL                                     -- the contact as JSON
) STRICT;
CREATE INDEX contact_due ON contact (next_due, person) WHERE next_due IS NOT NULL;
CREATE INDEX contact_district ON contact (district, person);

-- Sessions of the application. Their people may have left the register since.
CREATE TABLE session (
    id       TEXT PRIMARY KEY NOT NULL, -- the session's id
    revision INTEGER NOT NULL,          -- commit that wrote it last
    body     TEXT NOT NULL              -- the session as JSON
) STRICT;

-- Support cases. Their people may have left the register since.
CREATE TABLE support_case (
    id       TEXT PRIMARY KEY NOT NULL,              -- the case's id
    district TEXT NOT NULL REFERENCES district (id), -- the district it belongs to
    revision INTEGER NOT NULL,                       -- commit that wrote it last
    body     TEXT NOT NULL                           -- the case as JSON
) STRICT;
CREATE INDEX support_case_district ON support_case (district, id);

-- How far the activity feeds have come.
CREATE TABLE feed (
    id       TEXT PRIMARY KEY NOT NULL,              -- the feed's id
    district TEXT NOT NULL REFERENCES district (id), -- the district it reports of
    revision INTEGER NOT NULL,                       -- commit that wrote it last
    body     TEXT NOT NULL                           -- feed, district and watermark as JSON
) STRICT;
CREATE INDEX feed_district ON feed (district, id);

-- Activity events by id, so that a second event of the same id is known as the same.
CREATE TABLE activity (
    id     TEXT PRIMARY KEY NOT NULL, -- the event's id
    person TEXT NOT NULL,             -- whose
    at     INTEGER NOT NULL,          -- when it happened, microseconds
    body   TEXT NOT NULL              -- the event as JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX activity_person ON activity (person, at);

-- Access logs.
CREATE TABLE access (
    seq    INTEGER PRIMARY KEY NOT NULL, -- number of the line, growing
    person TEXT NOT NULL,                -- in whose log it stands
    body   TEXT NOT NULL                 -- the line as JSON
) STRICT;
CREATE INDEX access_person ON access (person, seq);

-- The outbox: notices and what has become of them.
CREATE TABLE notice (
    seq        INTEGER PRIMARY KEY NOT NULL, -- number of the notice, growing
    id         TEXT NOT NULL UNIQUE,         -- its deterministic id
    person     TEXT NOT NULL,                -- whom it tells
    district   TEXT NOT NULL,                -- of which district
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'accepted', 'failed', 'withdrawn')), -- what has become of it
    attempts   INTEGER NOT NULL,             -- attempts so far
    not_before INTEGER NOT NULL,             -- earliest next attempt, microseconds; matters while waiting
    resume_at  TEXT NOT NULL,                -- the same moment exactly, RFC 3339
    body       TEXT NOT NULL                 -- the notice as JSON
) STRICT;
CREATE INDEX notice_waiting ON notice (not_before, seq) WHERE state = 'waiting';
CREATE INDEX notice_person ON notice (person, seq);

-- Attempts to deliver notices.
CREATE TABLE delivery (
    seq    INTEGER PRIMARY KEY NOT NULL,         -- number of the attempt, growing
    notice TEXT NOT NULL REFERENCES notice (id), -- of which notice
    body   TEXT NOT NULL                         -- the attempt as JSON
) STRICT;
CREATE INDEX delivery_notice ON delivery (notice, seq);

-- Alarms to the operators.
CREATE TABLE alarm (
    seq  INTEGER PRIMARY KEY NOT NULL, -- number of the alarm, growing
    code TEXT NOT NULL,                -- its code
    body TEXT NOT NULL                 -- the alarm as JSON
) STRICT;

-- Agents of the vendor's support desk: named by a document, or known since they acted here.
CREATE TABLE agent (
    id       TEXT PRIMARY KEY NOT NULL, -- the agent's id
    revision INTEGER NOT NULL           -- the last commit when the register first heard of them
) STRICT, WITHOUT ROWID;

-- Small values that the daemon must not forget, e.g. the highest wall time seen.
CREATE TABLE setting (
    key   TEXT PRIMARY KEY NOT NULL, -- its name
    value TEXT NOT NULL              -- its value as JSON
) STRICT, WITHOUT ROWID;

-- Every change ever committed, chained by hashes.
CREATE TABLE journal (
    seq      INTEGER PRIMARY KEY NOT NULL, -- number of the change, from 1 without gaps
    revision INTEGER NOT NULL,             -- the commit it belongs to, from 1 without gaps
    at       INTEGER NOT NULL,             -- when the plan was made, microseconds
    actor    TEXT NOT NULL,                -- who caused it, as JSON
    noun     TEXT NOT NULL,                -- what kind of thing changed
    person   TEXT,                         -- the person concerned; NULL for none
    digest   BLOB NOT NULL,                -- SHA-256 of salt and value
    chain    BLOB NOT NULL                 -- SHA-256 of the previous row's chain and all columns above
) STRICT;
CREATE INDEX journal_person ON journal (person, seq) WHERE person IS NOT NULL;

-- What the changes were. A person can be erased from here; the chain stays verifiable.
CREATE TABLE journal_value (
    seq   INTEGER PRIMARY KEY NOT NULL REFERENCES journal (seq), -- which change
    salt  BLOB NOT NULL,                                         -- 16 random bytes, so that a digest cannot be guessed back
    value TEXT NOT NULL                                          -- the change as JSON
) STRICT;
