SELECT body FROM activity
WHERE person = ?1
ORDER BY at DESC, id DESC
LIMIT ?2
