-- Ways by distinguished name to entries of the source ?1 with numbers above ?2.
INSERT INTO staged_name (source, name, stable_id, usable)
SELECT source, name, stable_id, username IS NOT NULL
FROM staged_entry
WHERE number > ?2 AND source = ?1
ORDER BY name, stable_id
