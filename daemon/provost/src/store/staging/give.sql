-- Gives ?3 to those of the waiting entries of the source ?1 that are in the group ?2 or in a group within it.
-- CROSS JOIN keeps the order: lists and waiting entries are few, members may be many.
INSERT OR IGNORE INTO staged_gain (source, stable_id, what)
WITH RECURSIVE reached (list) AS (
    VALUES (?2)
    UNION
    SELECT nested.name
    FROM reached
    CROSS JOIN staged_group AS nested ON nested.source = ?1 AND nested.depth IS NOT NULL
    CROSS JOIN staged_member AS member
        ON member.source = ?1 AND member.list = reached.list AND member.kind = 'name'
        AND member.member = nested.name
)
SELECT ?1, entry.stable_id, ?3
FROM staged_name AS entry
CROSS JOIN reached
CROSS JOIN staged_member AS member
    ON member.source = ?1 AND member.list = reached.list AND member.kind = 'name'
    AND member.member = entry.name
WHERE entry.source = ?1 AND entry.usable
UNION ALL
SELECT ?1, entry.stable_id, ?3
FROM staged_username AS entry
CROSS JOIN reached
CROSS JOIN staged_member AS member
    ON member.source = ?1 AND member.list = reached.list AND member.kind = 'username'
    AND member.member = entry.username
WHERE entry.source = ?1
