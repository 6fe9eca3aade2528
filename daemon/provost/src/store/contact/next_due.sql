SELECT body FROM contact
WHERE next_due IS NOT NULL
ORDER BY next_due, person
LIMIT 1
