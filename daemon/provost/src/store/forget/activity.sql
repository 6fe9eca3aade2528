SELECT id FROM activity WHERE at < ?1 LIMIT ?2
