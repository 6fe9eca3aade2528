SELECT seq, body, state, attempts, resume_at FROM notice
WHERE state = 'failed'
  AND seq > ?1
  AND (?2 IS NULL OR district = ?2)
ORDER BY seq
LIMIT ?3
