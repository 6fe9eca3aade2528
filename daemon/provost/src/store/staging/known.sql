-- How many people of the register the source ?1 answers for, departed ones left out.
SELECT count(*)
FROM person
WHERE source = ?1 AND stable_id IS NOT NULL
    AND json_extract(body, '$.directory.status') NOT IN ('gone', 'deleted')
