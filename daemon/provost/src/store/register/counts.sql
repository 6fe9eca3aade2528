SELECT people, contacts, pending, held, notices_waiting, notices_held, notices_failed
FROM tally
