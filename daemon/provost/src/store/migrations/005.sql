-- How much there is, so that nobody has to count a million rows to tell. One row, brought up to date by every
-- transaction that changes it.
CREATE TABLE tally (
    id              INTEGER PRIMARY KEY NOT NULL CHECK (id = 1), -- there is one
    people          INTEGER NOT NULL,                            -- people
    contacts        INTEGER NOT NULL,                            -- contacts that have not been removed
    pending         INTEGER NOT NULL,                            -- contacts who were told of pending deactivation
    held            INTEGER NOT NULL,                            -- contacts whose next stage waits
    notices_waiting INTEGER NOT NULL                             -- notices that wait to be delivered
) STRICT;
INSERT INTO tally
SELECT
    1,
    (SELECT count(*) FROM person),
    coalesce(sum(state <> 'removed'), 0),
    coalesce(sum(state = 'pending'), 0),
    coalesce(sum(state = 'held'), 0),
    (SELECT count(*) FROM notice WHERE state = 'waiting')
FROM contact;

-- Contacts of a district by standing: whether one is the last, and whether the technical contact's place is taken.
CREATE INDEX contact_standing ON contact (district, state, body ->> '$.kind');
