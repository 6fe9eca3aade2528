SELECT seq, body, state, attempts, resume_at FROM notice
WHERE seq < ?1
  AND (?2 IS NULL OR district = ?2)
ORDER BY seq DESC
LIMIT ?3
