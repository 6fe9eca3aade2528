-- What is forgotten is found by its time instead of by reading all of it.
CREATE INDEX activity_at ON activity (at);
CREATE INDEX session_closed ON session (unixepoch(body ->> '$.closed'));
CREATE INDEX notice_queued ON notice (unixepoch(body ->> '$.queued')) WHERE state IN ('accepted', 'withdrawn');
