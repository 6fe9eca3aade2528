-- Ways by username to entries of the source ?1 with numbers above ?2 that can become a person.
INSERT INTO staged_username (source, username, stable_id)
SELECT source, username, stable_id
FROM staged_entry
WHERE number > ?2 AND source = ?1 AND username IS NOT NULL
ORDER BY username, stable_id
