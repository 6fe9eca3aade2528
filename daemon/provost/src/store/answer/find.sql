SELECT request, status, kind, body FROM answer
WHERE caller = ?1 AND key = ?2
