SELECT id FROM session WHERE unixepoch(body ->> '$.closed') * 1000000 < ?1 LIMIT ?2
