-- Ways by stable id to entries of the source ?1 with numbers above ?2.
INSERT INTO staged_id (source, stable_id, content, entry)
SELECT source, stable_id, content, number
FROM staged_entry
WHERE number > ?2 AND source = ?1
ORDER BY stable_id
