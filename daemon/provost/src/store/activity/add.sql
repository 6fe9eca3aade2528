INSERT INTO activity (id, person, at, body)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO NOTHING
