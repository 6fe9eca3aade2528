INSERT INTO answer (caller, key, request, asked) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO NOTHING
