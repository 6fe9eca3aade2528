INSERT INTO staged_entry (source, stable_id, content, name, username, account, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
