SELECT id FROM notice
WHERE state IN ('accepted', 'withdrawn')
  AND unixepoch(body ->> '$.queued') * 1000000 < ?1
  AND NOT EXISTS (
      SELECT 1 FROM contact WHERE contact.person = notice.person AND contact.state IN ('pending', 'held', 'suspended')
  )
LIMIT ?2
