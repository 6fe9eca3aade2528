SELECT body FROM contact
WHERE next_due <= ?1
ORDER BY next_due, person
LIMIT ?2
