INSERT INTO granted (person, what, origin, given_by, given_at, expires, revision)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (person, what, origin) DO UPDATE SET
    given_by = excluded.given_by,
    given_at = excluded.given_at,
    expires = excluded.expires,
    revision = excluded.revision
