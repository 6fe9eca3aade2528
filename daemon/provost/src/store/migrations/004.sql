-- Tokens that programs show to be let in.
CREATE TABLE token (
    id       TEXT PRIMARY KEY NOT NULL, -- the public part
    revision INTEGER NOT NULL,          -- the last commit that wrote it
    body     TEXT NOT NULL              -- the token as JSON, with a digest of its secret
) STRICT, WITHOUT ROWID;
