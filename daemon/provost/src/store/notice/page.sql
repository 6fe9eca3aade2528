SELECT seq, body, state, attempts, resume_at FROM notice
WHERE seq < ?1
  AND (?2 IS NULL OR person = ?2)
  AND (?3 IS NULL OR district = ?3)
  AND (?4 IS NULL OR state = ?4)
ORDER BY seq DESC
LIMIT ?5
