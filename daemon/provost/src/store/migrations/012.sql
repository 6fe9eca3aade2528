-- Plugins: which versions there are, what was approved for each, and which one is in force.
CREATE TABLE plugin (
    id       TEXT PRIMARY KEY NOT NULL, -- its id
    revision INTEGER NOT NULL,          -- the commit that wrote it last
    body     TEXT NOT NULL              -- the plugin with its versions and approvals as JSON
) STRICT, WITHOUT ROWID;

-- The components that those versions are the hashes of, so that every one of them can be returned to, from a backup too.
CREATE TABLE plugin_component (
    hash  TEXT PRIMARY KEY NOT NULL, -- SHA-256 of the bytes, in hexadecimal
    bytes BLOB NOT NULL              -- the component
) STRICT;
