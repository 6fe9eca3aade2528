-- People of the source ?1 after ?2 whose entries were not read, departed ones left out, at most ?3.
SELECT person.stable_id, person.body
FROM person
WHERE person.source = ?1 AND person.stable_id > ?2
    AND NOT EXISTS (
        SELECT 1 FROM staged_id
        WHERE staged_id.source = ?1 AND staged_id.stable_id = person.stable_id
    )
    AND person.id NOT IN (
        SELECT id FROM person INDEXED BY person_departed
        WHERE source = ?1 AND departed = 1
    )
ORDER BY person.stable_id
LIMIT ?3
