SELECT contact.body, person.body
FROM contact JOIN person ON person.id = contact.person
WHERE (contact.district, contact.person) > (max(?1, coalesce(?3, '')), ?2)
  AND (?3 IS NULL OR contact.district = ?3)
ORDER BY contact.district, contact.person
LIMIT ?4
