SELECT id FROM session
WHERE unixepoch(body ->> '$.closed') < ?1 / 1000000
ORDER BY unixepoch(body ->> '$.closed')
LIMIT ?2
