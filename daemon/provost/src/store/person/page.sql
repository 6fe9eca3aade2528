SELECT body FROM person
WHERE district = ?1 AND id > ?2
ORDER BY id
LIMIT ?3
