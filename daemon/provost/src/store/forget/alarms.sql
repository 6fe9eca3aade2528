-- Rows lie nearly in the order of their times. A window of the first ones is looked at, so that a clock that was set back,
-- which leaves a later time before earlier ones, hides none of them and yet nobody reads the whole table.
SELECT CAST(seq AS TEXT) FROM (SELECT seq, body ->> '$.at' AS at FROM alarm ORDER BY seq LIMIT 1000)
WHERE unixepoch(at) * 1000000 < ?1
ORDER BY seq
LIMIT ?2
