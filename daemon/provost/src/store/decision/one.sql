SELECT id, at, last, times, allowed, district, body FROM decision
WHERE id = ?1
