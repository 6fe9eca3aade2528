-- How many people of the register the source ?1 answers for, departed ones left out. Counted in the indexes alone.
SELECT (
    SELECT count(*) FROM person INDEXED BY person_stable_id
    WHERE source = ?1 AND stable_id IS NOT NULL
) - (
    SELECT count(*) FROM person INDEXED BY person_departed
    WHERE source = ?1 AND stable_id IS NOT NULL AND departed = 1
)
