-- Gives ?3 to everybody in the group ?2 or in a group within it. UNION ends cycles by itself.
-- CROSS JOIN keeps the order: from the few groups to their members, never through all entries.
INSERT OR IGNORE INTO staged_gain (source, stable_id, what)
WITH RECURSIVE reached (list) AS (
    VALUES (?2)
    UNION
    SELECT nested.name
    FROM reached
    CROSS JOIN staged_member AS member
        ON member.source = ?1 AND member.list = reached.list AND member.kind = 'name'
    CROSS JOIN staged_group AS nested
        ON nested.source = ?1 AND nested.name = member.member AND nested.depth IS NOT NULL
)
SELECT ?1, entry.stable_id, ?3
FROM reached
CROSS JOIN staged_member AS member
    ON member.source = ?1 AND member.list = reached.list AND member.kind = 'name'
CROSS JOIN staged_name AS entry ON entry.source = ?1 AND entry.name = member.member
WHERE entry.usable
UNION ALL
SELECT ?1, entry.stable_id, ?3
FROM reached
CROSS JOIN staged_member AS member
    ON member.source = ?1 AND member.list = reached.list AND member.kind = 'username'
CROSS JOIN staged_username AS entry ON entry.source = ?1 AND entry.username = member.member
