SELECT journal.seq, revision, at, actor, noun, person, digest, chain, salt, value
FROM journal LEFT JOIN journal_value ON journal_value.seq = journal.seq
ORDER BY journal.seq
