-- Everything that gives a role to people of the district ?1. The bounds enclose the JSON of roles and nothing else.
-- CROSS JOIN keeps the order: roles are few, people are many.
SELECT granted.what, granted.expires, person.id, person.body
FROM granted
CROSS JOIN person ON person.id = granted.person
WHERE granted.what >= '{"role":' AND granted.what < '{"role;' AND person.district = ?1
