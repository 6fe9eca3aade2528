SELECT body FROM person
WHERE stable_id IN (?1, ?2, ?3)
ORDER BY id
