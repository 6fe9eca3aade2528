-- The next ids after ?2 that a read of changes names, entries and proved absences, at most ?3.
WITH next (stable_id) AS (
    SELECT stable_id FROM (
        SELECT stable_id FROM staged_id
        WHERE source = ?1 AND stable_id > ?2 ORDER BY stable_id LIMIT ?3
    )
    UNION
    SELECT stable_id FROM (
        SELECT stable_id FROM staged_absence
        WHERE source = ?1 AND stable_id > ?2 ORDER BY stable_id LIMIT ?3
    )
    ORDER BY stable_id LIMIT ?3
)
