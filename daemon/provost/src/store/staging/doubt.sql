-- Entries of the source ?1 whose person holds less or more than the mapped groups give; ?2 is the source as an origin.
-- CROSS JOIN keeps the order: grants of one origin are few beside all people.
INSERT INTO staged_doubt (source, stable_id)
SELECT ?1, gain.stable_id
FROM staged_gain AS gain
WHERE gain.source = ?1
    AND NOT EXISTS (
        SELECT 1
        FROM person
        CROSS JOIN granted
            ON granted.person = person.id AND granted.what = gain.what AND granted.origin = ?2
        WHERE person.source = ?1 AND person.stable_id = gain.stable_id
    )
UNION
SELECT ?1, person.stable_id
FROM granted
CROSS JOIN person ON person.id = granted.person
WHERE granted.origin = ?2 AND person.source = ?1
    AND NOT EXISTS (
        SELECT 1 FROM staged_gain AS gain
        WHERE gain.source = ?1 AND gain.stable_id = person.stable_id AND gain.what = granted.what
    )
