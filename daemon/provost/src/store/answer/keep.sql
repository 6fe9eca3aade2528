UPDATE answer SET status = ?3, kind = ?4, body = ?5
WHERE caller = ?1 AND key = ?2
