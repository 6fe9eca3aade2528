-- The entry ?2 of the source ?1 and what leads to it.
SELECT entry.number, entry.name, entry.username
FROM staged_id AS id
JOIN staged_entry AS entry ON entry.number = id.entry
WHERE id.source = ?1 AND id.stable_id = ?2
