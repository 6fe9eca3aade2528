DELETE FROM decision
WHERE id IN (SELECT decision FROM decision_person WHERE person = ?1)
