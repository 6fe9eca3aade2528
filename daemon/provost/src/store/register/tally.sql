UPDATE tally
SET people = ?1, contacts = ?2, pending = ?3, held = ?4,
    notices_waiting = ?5, notices_held = ?6, notices_failed = ?7
