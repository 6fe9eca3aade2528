SELECT contact.body, person.body
FROM contact JOIN person ON person.id = contact.person
WHERE contact.district = ?1
ORDER BY contact.person
