SELECT id FROM activity WHERE at < ?1 ORDER BY at LIMIT ?2
