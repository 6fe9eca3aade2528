-- Whether a directory has given somebody up is a column: the index by it asked the JSON of everybody who was written.
DROP INDEX person_departed;
ALTER TABLE person ADD COLUMN departed INTEGER NOT NULL DEFAULT 0; -- 1 if the directory has given the person up, else 0
UPDATE person SET departed = 1 WHERE json_extract(body, '$.directory.status') IN ('gone', 'deleted');
CREATE INDEX person_departed ON person (source) WHERE departed = 1;
