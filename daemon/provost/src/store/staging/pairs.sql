-- The next ids of a source after ?2 that have to be compared, known, read or both, at most ?3.
-- Settled entries are left out, unless what they are given has changed. The ids come first and alone, so that the walk
-- uses the indexes and nothing is sorted that is not returned.
WITH next (stable_id) AS (
    SELECT stable_id FROM (
        SELECT stable_id FROM staged_id AS entry
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
                SELECT 1 FROM staged_id AS entry
                WHERE entry.source = ?1 AND entry.stable_id = person.stable_id
            )
        ORDER BY stable_id LIMIT ?3
    )
    ORDER BY stable_id LIMIT ?3
)
