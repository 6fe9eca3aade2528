SELECT journal.seq, journal.revision, journal.at, journal.actor, journal.noun, journal.person, journal.digest,
       salt, value, before.chain, journal.chain
FROM journal
LEFT JOIN journal_value ON journal_value.seq = journal.seq
LEFT JOIN journal AS before ON before.seq = journal.seq - 1
WHERE journal.seq > ?1
  AND journal.revision >= ?2
  AND journal.revision <= ?3
  AND journal.at >= ?4
  AND journal.at < ?5
ORDER BY journal.seq
LIMIT ?6
