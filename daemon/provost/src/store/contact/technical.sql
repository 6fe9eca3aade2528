SELECT count(*) FROM (
    SELECT 1 FROM contact
    WHERE district = ?1 AND state IN ('active', 'pending', 'held') AND body ->> '$.kind' = 'technical'
    LIMIT ?2
)
