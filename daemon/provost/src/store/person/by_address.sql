SELECT body FROM person_address JOIN person ON person.id = person_address.person
WHERE address = ?1
ORDER BY person.id
