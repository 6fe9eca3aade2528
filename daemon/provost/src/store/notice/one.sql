SELECT seq, body, state, attempts, resume_at FROM notice
WHERE id = ?1
