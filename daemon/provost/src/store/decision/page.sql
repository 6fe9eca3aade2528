SELECT id, at, last, times, allowed, district, body FROM decision
WHERE id < ?1
  AND (?2 IS NULL OR district = ?2)
  AND (?3 IS NULL OR EXISTS (
      SELECT 1 FROM decision_person WHERE decision_person.decision = decision.id AND decision_person.person = ?3
  ))
  AND (?4 IS NULL OR allowed = ?4)
ORDER BY id DESC
LIMIT ?5
