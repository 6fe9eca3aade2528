INSERT INTO journal (seq, revision, at, actor, noun, person, digest, chain)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
