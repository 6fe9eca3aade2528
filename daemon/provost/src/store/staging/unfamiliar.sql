-- Usernames of entries of the source ?1 that are read under it for the first time, at most ?2.
SELECT DISTINCT entry.username
FROM staged_username AS entry
WHERE entry.source = ?1
    AND NOT EXISTS (
        SELECT 1 FROM person
        WHERE person.source = ?1 AND person.stable_id = entry.stable_id
            AND person.username = entry.username COLLATE NOCASE
    )
ORDER BY entry.username
LIMIT ?2
