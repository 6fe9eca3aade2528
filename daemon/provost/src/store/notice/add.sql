INSERT INTO notice (id, kind, person, district, state, attempts, not_before, resume_at, body)
VALUES (?1, ?2, ?3, ?4, 'waiting', 0, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE
SET state = 'waiting', not_before = excluded.not_before, resume_at = excluded.resume_at
WHERE notice.state = 'withdrawn'
