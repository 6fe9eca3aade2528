-- The last commit that wrote something by which the person has, or may have, authority.
SELECT max(revision) FROM (
    SELECT revision FROM contact WHERE person = ?1
    UNION ALL SELECT revision FROM granted WHERE person = ?1
)
