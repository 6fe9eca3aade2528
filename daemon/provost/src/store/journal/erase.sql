DELETE FROM journal_value
WHERE seq IN (SELECT seq FROM journal WHERE person = ?1)
