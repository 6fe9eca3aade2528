SELECT journal.seq, revision, at, actor, noun, person, value, chain
FROM journal LEFT JOIN journal_value ON journal_value.seq = journal.seq
WHERE person = ?1
  AND journal.seq > ?2
  AND noun IN ('contact', 'notice', 'delivery', 'alarm', 'activity')
ORDER BY journal.seq
LIMIT ?3
