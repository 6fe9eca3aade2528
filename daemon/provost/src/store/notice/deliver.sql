UPDATE notice
SET state = ?2, attempts = attempts + ?3, not_before = ?4, resume_at = ?5
WHERE id = ?1
