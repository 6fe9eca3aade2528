INSERT INTO user_group (district, id, revision, body)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (district, id) DO UPDATE SET revision = excluded.revision, body = excluded.body
