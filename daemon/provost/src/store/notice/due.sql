SELECT seq, body, state, attempts, resume_at FROM notice
WHERE state = 'waiting' AND kind = ?1 AND not_before <= ?2
ORDER BY not_before, seq
LIMIT ?3
