INSERT INTO contact (person, district, state, next_due, revision, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (person) DO UPDATE SET
    district = excluded.district,
    state = excluded.state,
    next_due = excluded.next_due,
    revision = excluded.revision,
    body = excluded.body
