INSERT INTO contact (person, district, next_due, revision, body)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (person) DO UPDATE SET
    district = excluded.district,
    next_due = excluded.next_due,
    revision = excluded.revision,
    body = excluded.body
