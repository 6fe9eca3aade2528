SELECT seq, body FROM access
WHERE person = ?1 AND seq < ?2
ORDER BY seq DESC
LIMIT ?3
