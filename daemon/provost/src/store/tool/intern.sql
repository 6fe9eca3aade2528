INSERT INTO tool (place, name)
SELECT (SELECT coalesce(max(place) + 1, 0) FROM tool), ?1
WHERE NOT EXISTS (SELECT 1 FROM tool WHERE name = ?1)
