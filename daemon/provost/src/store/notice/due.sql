SELECT seq, body, state, attempts, resume_at FROM notice
WHERE state = 'waiting' AND not_before <= ?1
ORDER BY not_before, seq
LIMIT ?2
