-- The id ?2 of a source with what each side has; the columns are those of pairs.sql.
SELECT
    ?2,
    entry.stable_id IS NOT NULL,
    entry.body,
    person.body,
    contact.body,
    absence.reported,
    absence.verdict
FROM (SELECT 1)
LEFT JOIN staged_entry AS entry ON entry.source = ?1 AND entry.stable_id = ?2
LEFT JOIN person ON person.source = ?1 AND person.stable_id = ?2
LEFT JOIN contact ON contact.person = person.id
LEFT JOIN staged_absence AS absence ON absence.source = ?1 AND absence.stable_id = ?2
