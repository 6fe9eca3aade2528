SELECT person, what, origin, given_by, given_at, expires
FROM granted
WHERE person = ?1
ORDER BY what, origin
