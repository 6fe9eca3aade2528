-- The next ids of a source after ?2 that have to be compared, known, read or both, at most ?3, with what each side has.
-- Settled entries are left out, unless what they are given has changed. The ids come first and alone, so that the walk
-- uses the indexes and nothing is sorted that is not returned.
WITH next (stable_id) AS (
    SELECT stable_id FROM (
        SELECT stable_id FROM staged_entry AS entry INDEXED BY staged_entry_id
        WHERE source = ?1 AND stable_id > ?2
            AND NOT EXISTS (
                SELECT 1 FROM settled
                WHERE settled.source = ?1 AND settled.stable_id = entry.stable_id
                    AND settled.content = entry.content
            )
        ORDER BY stable_id LIMIT ?3
    )
    UNION
    SELECT stable_id FROM (
        SELECT stable_id FROM staged_doubt
        WHERE source = ?1 AND stable_id > ?2 ORDER BY stable_id LIMIT ?3
    )
    UNION
    SELECT stable_id FROM (
        SELECT stable_id FROM person INDEXED BY person_stable_id
        WHERE source = ?1 AND stable_id > ?2
            AND NOT EXISTS (
                SELECT 1 FROM staged_entry AS entry
                WHERE entry.source = ?1 AND entry.stable_id = person.stable_id
            )
        ORDER BY stable_id LIMIT ?3
    )
    ORDER BY stable_id LIMIT ?3
)
SELECT
    next.stable_id,
    entry.stable_id IS NOT NULL,
    entry.body,
    person.body,
    contact.body,
    absence.reported,
    absence.verdict,
    entry.content,
    (
        SELECT count(*) FROM staged_entry AS rival
        WHERE rival.source = ?1 AND rival.username = entry.username AND rival.stable_id <> entry.stable_id
    ),
    EXISTS (
        SELECT 1 FROM person AS other
        WHERE other.username = entry.account COLLATE NOCASE AND other.id IS NOT person.id
    ),
    EXISTS (
        SELECT 1 FROM staged_gain AS gain WHERE gain.source = ?1 AND gain.stable_id = entry.stable_id
    )
FROM next
LEFT JOIN staged_entry AS entry ON entry.source = ?1 AND entry.stable_id = next.stable_id
LEFT JOIN person ON person.source = ?1 AND person.stable_id = next.stable_id
LEFT JOIN contact ON contact.person = person.id
LEFT JOIN staged_absence AS absence ON absence.source = ?1 AND absence.stable_id = next.stable_id
ORDER BY next.stable_id
