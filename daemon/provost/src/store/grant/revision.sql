SELECT revision FROM granted
WHERE person = ?1 AND what = ?2 AND origin = ?3
