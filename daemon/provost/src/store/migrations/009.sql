-- Decisions that were made, each with what the rules saw, so that it can be made again. The same question, asked again
-- and again within a moment and answered alike, is one row. They are no part of the register's history.
CREATE TABLE decision (
    id       INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, -- its number, growing
    at       INTEGER NOT NULL,                           -- when it was made first, microseconds since 1970
    last     INTEGER NOT NULL,                           -- when it was made last, microseconds since 1970
    times    INTEGER NOT NULL,                           -- how often
    revision INTEGER NOT NULL,                           -- the register's revision that it was made on
    allowed  INTEGER NOT NULL,                           -- 1 if it allowed, else 0
    action   TEXT NOT NULL,                              -- the action's name
    district TEXT,                                       -- the resource's district, else the subject's; NULL for neither
    body     TEXT NOT NULL                               -- question, what the rules saw, plugins and answer as JSON
) STRICT;
CREATE INDEX decision_last ON decision (last);
CREATE INDEX decision_district ON decision (district, id);

-- Whom a decision is about: by whom it is searched, and with whom it is erased.
CREATE TABLE decision_person (
    person   TEXT NOT NULL,                                                -- a person who was looked at
    decision INTEGER NOT NULL REFERENCES decision (id) ON DELETE CASCADE,  -- in which decision
    PRIMARY KEY (person, decision)
) STRICT, WITHOUT ROWID;
CREATE INDEX decision_person_decision ON decision_person (decision);
