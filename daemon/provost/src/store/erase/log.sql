-- That somebody came in stays in the other's log; who it was is no more than an id from here on.
UPDATE access
SET body = json_set(body, '$.third-party-admin.name', 'erased', '$.third-party-admin.username', 'erased')
WHERE body ->> '$.third-party-admin.id' = ?1
