SELECT
    (SELECT count(*) FROM person),
    coalesce(sum(state <> 'removed'), 0),
    coalesce(sum(state = 'pending'), 0),
    coalesce(sum(state = 'held'), 0),
    (SELECT count(*) FROM notice WHERE state = 'waiting')
FROM contact
