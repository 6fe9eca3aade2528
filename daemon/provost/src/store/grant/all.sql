SELECT person, what, origin, given_by, given_at, expires
FROM granted
ORDER BY person, what, origin
