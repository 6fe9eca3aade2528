SELECT contact.body, person.body
FROM contact JOIN person ON person.id = contact.person
ORDER BY contact.district, contact.person
