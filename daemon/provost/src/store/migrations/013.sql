-- The register's own name: random and made once, so that a signed checkpoint of one register is never taken for one of
-- another. A copy of the register has it too.
INSERT INTO setting (key, value) VALUES ('register.id', '"' || lower(hex(randomblob(16))) || '"');
