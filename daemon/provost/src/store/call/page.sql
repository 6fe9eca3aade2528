SELECT body FROM call
WHERE id > ?2 AND (?1 IS NULL OR district = ?1)
ORDER BY id
LIMIT ?3
