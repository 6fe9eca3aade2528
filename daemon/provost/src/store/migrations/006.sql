-- What a directory read says of people waits in a file of its own now: it is no part of the register, and flushing it to
-- the disk was most of a sync's time. The lists of groups stay here, where they outlast the daemon.
DROP TABLE staged_entry;
DROP TABLE staged_gain;
DROP TABLE staged_absence;

-- Entries that the register has taken over as they are, and whose person, grants and contact nobody has changed since:
-- comparing them again would find nothing. Whatever changes one of these removes the row in the same commit.
CREATE TABLE settled (
    source    TEXT NOT NULL,    -- the source
    stable_id TEXT NOT NULL,    -- the entry's stable id there
    content   BLOB NOT NULL,    -- digest of everything that the comparison took from the entry, 16 bytes
    PRIMARY KEY (source, stable_id)
) STRICT, WITHOUT ROWID;

-- People whom a directory has given up; they are few, and counting the others must not read everybody.
CREATE INDEX person_departed ON person (source)
    WHERE json_extract(body, '$.directory.status') IN ('gone', 'deleted');

-- Addresses without their index by person, which only the reference needed: a person's addresses go with the person in
-- one place of the code, and the index was a third of what a first sync wrote in no order at all.
CREATE TABLE address (
    address TEXT NOT NULL, -- `mail:` and the address in lower case, or `tel:` and its digits
    person  TEXT NOT NULL, -- whose
    PRIMARY KEY (address, person)
) STRICT, WITHOUT ROWID;
INSERT INTO address (address, person) SELECT address, person FROM person_address ORDER BY address, person;
DROP TABLE person_address;
ALTER TABLE address RENAME TO person_address;
