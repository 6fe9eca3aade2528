-- Where a directory read waits until it is compared with the register. Nothing here is part of the register: a read
-- that breaks off leaves rows that the next one removes. Every row belongs to one source.

-- Entries that were read.
CREATE TABLE staged_entry (
    source    TEXT NOT NULL,    -- the source
    stable_id TEXT NOT NULL,    -- the entry's stable id
    name      TEXT NOT NULL,    -- its distinguished name, normalised; empty if it cannot be parsed
    username  TEXT,             -- its username in lower case; NULL if the entry cannot be used
    body      TEXT,             -- what it says, as JSON; NULL if the entry cannot be used
    PRIMARY KEY (source, stable_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX staged_entry_name ON staged_entry (source, name);
CREATE INDEX staged_entry_username ON staged_entry (source, username);

-- Names that were looked at as groups.
CREATE TABLE staged_group (
    source TEXT NOT NULL,       -- the source
    name   TEXT NOT NULL,       -- distinguished name, normalised
    depth  INTEGER,             -- steps from the nearest mapped group; NULL if it has no list of members
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

-- Lists of members.
CREATE TABLE staged_member (
    source TEXT NOT NULL,                                     -- the source
    list   TEXT NOT NULL,                                     -- the group's name, normalised
    kind   TEXT NOT NULL CHECK (kind IN ('name', 'username')), -- how the member is named
    member TEXT NOT NULL,                                     -- name, normalised, or username in lower case
    PRIMARY KEY (source, list, kind, member)
) STRICT, WITHOUT ROWID;

-- What the mapped groups give to whom, nested groups followed.
CREATE TABLE staged_gain (
    source    TEXT NOT NULL,    -- the source
    stable_id TEXT NOT NULL,    -- the entry's stable id
    what      TEXT NOT NULL,    -- what it is given, as JSON
    PRIMARY KEY (source, stable_id, what)
) STRICT, WITHOUT ROWID;

-- People of the register whose entries were not read, or whose deletion the server reported, looked up by themselves.
CREATE TABLE staged_absence (
    source    TEXT NOT NULL,    -- the source
    stable_id TEXT NOT NULL,    -- the stable id
    reported  INTEGER NOT NULL, -- 1 if the server reported a deletion, 0 if the entry was merely not read
    verdict   TEXT NOT NULL,    -- what the look-up found, as JSON
    PRIMARY KEY (source, stable_id)
) STRICT, WITHOUT ROWID;
