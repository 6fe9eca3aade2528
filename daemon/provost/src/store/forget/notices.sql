SELECT id FROM notice INDEXED BY notice_queued
WHERE state IN ('accepted', 'withdrawn')
  AND unixepoch(body ->> '$.queued') < ?1 / 1000000
  AND NOT EXISTS (
      SELECT 1 FROM contact WHERE contact.person = notice.person AND contact.state IN ('pending', 'held', 'suspended')
  )
ORDER BY unixepoch(body ->> '$.queued')
LIMIT ?2
