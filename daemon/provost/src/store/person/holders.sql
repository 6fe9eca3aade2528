SELECT id FROM person
WHERE username = ?1 COLLATE NOCASE AND username = ?1 AND district = ?2
ORDER BY id
LIMIT 3
