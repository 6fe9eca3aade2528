INSERT INTO person (id, district, username, source, stable_id, coach, departed, revision, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
