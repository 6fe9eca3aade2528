SELECT contact.body, person.body
FROM contact JOIN person ON person.id = contact.person
WHERE contact.district = ?1
  AND contact.state IN ('active', 'pending', 'held')
  AND contact.body ->> '$.kind' = 'technical'
  AND contact.person <> ?2
LIMIT ?3
