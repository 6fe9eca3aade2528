-- Names after ?3 in lists at depth ?2 that are no staff and have not been looked at: perhaps nested groups.
SELECT DISTINCT member.member
FROM staged_group AS list
CROSS JOIN staged_member AS member
    ON member.source = ?1 AND member.list = list.name AND member.kind = 'name'
WHERE list.source = ?1 AND list.depth = ?2 AND member.member > ?3
    AND NOT EXISTS (SELECT 1 FROM staged_name WHERE source = ?1 AND name = member.member)
    AND NOT EXISTS (SELECT 1 FROM staged_group WHERE source = ?1 AND name = member.member)
ORDER BY member.member
LIMIT ?4
