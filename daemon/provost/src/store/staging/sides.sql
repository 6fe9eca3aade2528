-- What each side has of the ids that `next` holds; the statement that says which those are comes before this one.
SELECT
    next.stable_id,
    id.stable_id IS NOT NULL,
    entry.body,
    person.body,
    contact.body,
    absence.reported,
    absence.verdict,
    id.content,
    (
        SELECT count(*) FROM staged_username AS rival
        WHERE rival.source = ?1 AND rival.username = entry.username AND rival.stable_id <> entry.stable_id
    ),
    EXISTS (
        SELECT 1 FROM person AS other
        WHERE other.username = entry.account COLLATE NOCASE AND other.id IS NOT person.id
    ),
    EXISTS (
        SELECT 1 FROM staged_gain AS gain WHERE gain.source = ?1 AND gain.stable_id = id.stable_id
    )
FROM next
LEFT JOIN staged_id AS id ON id.source = ?1 AND id.stable_id = next.stable_id
LEFT JOIN staged_entry AS entry ON entry.number = id.entry
LEFT JOIN person ON person.source = ?1 AND person.stable_id = next.stable_id
LEFT JOIN contact ON contact.person = person.id
LEFT JOIN staged_absence AS absence ON absence.source = ?1 AND absence.stable_id = next.stable_id
ORDER BY next.stable_id
