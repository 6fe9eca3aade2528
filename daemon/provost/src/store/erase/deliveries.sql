DELETE FROM delivery WHERE notice IN (SELECT id FROM notice WHERE person = ?1)
