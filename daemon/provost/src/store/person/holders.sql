-- The plus keeps SQLite from walking through a whole district because its index happens to be in the order asked for.
SELECT id FROM person
WHERE username = ?1 COLLATE NOCASE AND username = ?1 AND +district = ?2
ORDER BY id
LIMIT 3
