SELECT person, what, origin, given_by, given_at, expires
FROM granted
WHERE what = ?1
  AND person > ?3
  AND (?2 IS NULL OR EXISTS (SELECT 1 FROM person WHERE person.id = granted.person AND person.district = ?2))
ORDER BY person, origin
LIMIT ?4
