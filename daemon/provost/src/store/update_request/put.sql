INSERT INTO update_request (id, district, revision, body)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET
    district = excluded.district,
    revision = excluded.revision,
    body = excluded.body
