INSERT INTO person (id, district, username, source, stable_id, coach, departed, revision, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET
    district = excluded.district,
    username = excluded.username,
    source = excluded.source,
    stable_id = excluded.stable_id,
    coach = excluded.coach,
    departed = excluded.departed,
    revision = excluded.revision,
    body = excluded.body
