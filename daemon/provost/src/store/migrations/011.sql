-- Calls with the vendor's support. Their people may have left the register since.
CREATE TABLE call (
    id       TEXT PRIMARY KEY NOT NULL,              -- the call's id
    district TEXT NOT NULL REFERENCES district (id), -- the district it is about
    revision INTEGER NOT NULL,                       -- commit that wrote it last
    body     TEXT NOT NULL                           -- the call as JSON, with everybody who is or was on it
) STRICT;
CREATE INDEX call_district ON call (district, id);

-- Requests for site refreshes and version updates. Their people may have left the register since.
CREATE TABLE update_request (
    id       TEXT PRIMARY KEY NOT NULL,              -- the request's id
    district TEXT NOT NULL REFERENCES district (id), -- the district whose site or version it is about
    revision INTEGER NOT NULL,                       -- commit that wrote it last
    body     TEXT NOT NULL                           -- the request as JSON, with its state
) STRICT;
CREATE INDEX update_request_district ON update_request (district, id);
