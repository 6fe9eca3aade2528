SELECT seq, body, state, attempts, resume_at FROM notice
WHERE state = 'held'
  AND seq BETWEEN ?1 AND ?2
  AND (?3 IS NULL OR district = ?3)
ORDER BY seq
LIMIT ?4
