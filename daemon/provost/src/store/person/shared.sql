-- Accounts whose username somebody else of the district has in whatever spelling: the index alone says which are to be
-- looked at, and few are.
SELECT person.district, person.username
FROM (
    SELECT district, username FROM person INDEXED BY person_username
    GROUP BY username COLLATE NOCASE, district HAVING count(*) > 1
) AS shared
JOIN person ON person.username = shared.username COLLATE NOCASE AND person.district = shared.district
