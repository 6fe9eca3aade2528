SELECT journal.seq, revision, at, actor, noun, person, value, chain
FROM journal LEFT JOIN journal_value ON journal_value.seq = journal.seq
WHERE journal.seq > ?1
ORDER BY journal.seq
LIMIT ?2
