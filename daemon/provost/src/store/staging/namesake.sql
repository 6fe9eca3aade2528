-- Who else of the district has the username ?1 (if in another spelling, only where nobody has it in this one), the
-- username that their own entry was read with, and how many other entries have that. The plus keeps SQLite from walking
-- through the whole district in the order asked for.
SELECT
    person.body,
    contact.body,
    entry.body,
    (
        SELECT count(*) FROM staged_username AS rival
        WHERE rival.source = ?4 AND rival.username = entry.username AND rival.stable_id <> entry.stable_id
    )
FROM person
LEFT JOIN contact ON contact.person = person.id
LEFT JOIN staged_id AS id ON person.source = ?4 AND id.source = ?4 AND id.stable_id = person.stable_id
LEFT JOIN staged_entry AS entry ON entry.number = id.entry
WHERE person.username = ?1 COLLATE NOCASE AND +person.district = ?2 AND person.id <> ?3
ORDER BY person.username <> ?1, person.id
LIMIT 1
