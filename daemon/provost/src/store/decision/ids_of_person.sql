SELECT decision.id FROM decision_person CROSS JOIN decision ON decision.id = decision_person.decision
WHERE decision_person.decision < ?1 AND (?2 IS NULL OR allowed = ?2) AND (?4 IS NULL OR district = ?4)
  AND decision_person.person = ?5
ORDER BY decision_person.decision DESC
LIMIT ?3
