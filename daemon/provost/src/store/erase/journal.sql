-- Besides what concerns the person themself: lines of others' access logs that name them as the one who came in.
DELETE FROM journal_value
WHERE seq IN (SELECT seq FROM journal WHERE person = ?1)
   OR seq IN (
      SELECT journal.seq FROM journal JOIN journal_value ON journal_value.seq = journal.seq
      WHERE noun = 'access' AND value ->> '$.access.third-party-admin.id' = ?1
   )
