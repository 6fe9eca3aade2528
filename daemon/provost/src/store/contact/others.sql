SELECT contact.body, person.body
FROM contact JOIN person ON person.id = contact.person
WHERE contact.district = ?1
  AND contact.state IN ('active', 'pending', 'held')
  AND contact.person <> ?2
ORDER BY contact.person
LIMIT ?3
