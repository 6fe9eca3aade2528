SELECT CAST(seq AS TEXT) FROM (SELECT seq, body ->> '$.at' AS at FROM access ORDER BY seq LIMIT ?2)
WHERE unixepoch(at) * 1000000 < ?1
