SELECT DISTINCT granted.person FROM granted JOIN person ON person.id = granted.person
WHERE granted.what >= '{"role":'
  AND granted.what < '{"role;'
  AND granted.person > ?2
  AND person.district = ?1
ORDER BY granted.person
LIMIT ?3
