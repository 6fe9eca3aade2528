-- Where a directory read waits until it is compared with the register. Nothing here is part of the register: the file is
-- made anew at each start and never flushed to the disk. Every row belongs to one source.

-- The directory as it was read last, in the order in which entries came. What has not changed since is not written again.
CREATE TABLE staged_entry (
    number    INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, -- growing; none comes twice
    source    TEXT NOT NULL,                              -- the source
    stable_id TEXT NOT NULL,                              -- the entry's stable id, once a source
    content   BLOB NOT NULL,                              -- digest of everything that a comparison takes from the entry, 16 bytes
    name      TEXT NOT NULL,                              -- its distinguished name, normalised; empty if it cannot be parsed
    username  TEXT,                                       -- its username in lower case; NULL if the entry cannot be used
    account   TEXT,                                       -- its username as it was read; NULL likewise
    body      TEXT                                        -- what it says, as JSON; NULL if the entry cannot be used
) STRICT;

-- The three ways to an entry. They are laid once a read has ended, each in its own order: an index that follows every
-- batch writes most of its pages again with each, which for 100,000 entries was ten times the entries themselves.
CREATE TABLE staged_id (
    source    TEXT NOT NULL,    -- the source
    stable_id TEXT NOT NULL,    -- the entry's stable id
    content   BLOB NOT NULL,    -- its digest: a walk through all ids reads nothing but this table
    entry     INTEGER NOT NULL, -- the entry's number
    PRIMARY KEY (source, stable_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE staged_name (
    source    TEXT NOT NULL,    -- the source
    name      TEXT NOT NULL,    -- the entry's distinguished name, normalised
    stable_id TEXT NOT NULL,    -- its stable id
    usable    INTEGER NOT NULL, -- 1 if the entry can become a person, else 0
    PRIMARY KEY (source, name, stable_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE staged_username (
    source    TEXT NOT NULL,    -- the source
    username  TEXT NOT NULL,    -- the username of an entry that can become a person, in lower case
    stable_id TEXT NOT NULL,    -- its stable id
    PRIMARY KEY (source, username, stable_id)
) STRICT, WITHOUT ROWID;

-- How far that has been done.
CREATE TABLE staged_mark (
    source TEXT PRIMARY KEY NOT NULL, -- the source
    number INTEGER NOT NULL           -- ways lead to its entries up to this number
) STRICT, WITHOUT ROWID;

-- What the mapped groups give to whom, nested groups followed.
CREATE TABLE staged_gain (
    source    TEXT NOT NULL,    -- the source
    stable_id TEXT NOT NULL,    -- the entry's stable id
    what      TEXT NOT NULL,    -- what it is given, as JSON
    PRIMARY KEY (source, stable_id, what)
) STRICT, WITHOUT ROWID;

-- Entries whose person does not hold what the groups give, or holds more: to be compared however little the entry changed.
CREATE TABLE staged_doubt (
    source    TEXT NOT NULL,    -- the source
    stable_id TEXT NOT NULL,    -- the entry's stable id
    PRIMARY KEY (source, stable_id)
) STRICT, WITHOUT ROWID;

-- People of the register whose entries were not read, or whose deletion the server reported, looked up by themselves.
CREATE TABLE staged_absence (
    source    TEXT NOT NULL,    -- the source
    stable_id TEXT NOT NULL,    -- the stable id
    reported  INTEGER NOT NULL, -- 1 if the server reported a deletion, 0 if the entry was merely not read
    verdict   TEXT NOT NULL,    -- what the look-up found, as JSON
    PRIMARY KEY (source, stable_id)
) STRICT, WITHOUT ROWID;

-- Addresses of people whom the commit under way adds. They go to their table at its end and in order, which costs a
-- large commit a fraction of what inserting each at its place would. Empty between commits.
CREATE TABLE staged_address (
    address TEXT NOT NULL, -- as in person_address
    person  TEXT NOT NULL  -- whose
) STRICT;
