SELECT id FROM decision
WHERE id < ?1 AND (?2 IS NULL OR allowed = ?2)
ORDER BY id DESC
LIMIT ?3
