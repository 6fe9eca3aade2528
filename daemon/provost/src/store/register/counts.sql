SELECT
    (SELECT count(*) FROM person),
    (SELECT count(*) FROM contact WHERE state <> 'removed'),
    (SELECT count(*) FROM contact WHERE state = 'pending'),
    (SELECT count(*) FROM contact WHERE state = 'held'),
    (SELECT count(*) FROM notice WHERE state = 'waiting')
