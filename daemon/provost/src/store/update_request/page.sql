SELECT body FROM update_request
WHERE id > ?2 AND (?1 IS NULL OR district = ?1) AND (?4 IS NULL OR body ->> '$.state' = ?4)
ORDER BY id
LIMIT ?3
