INSERT INTO notice (id, person, district, state, attempts, not_before, resume_at, body)
VALUES (?1, ?2, ?3, 'waiting', 0, ?4, ?5, ?6)
ON CONFLICT (id) DO NOTHING
