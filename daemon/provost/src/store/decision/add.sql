INSERT INTO decision (at, last, times, revision, allowed, action, district, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
RETURNING id
