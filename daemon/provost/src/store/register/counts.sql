SELECT people, contacts, pending, held, notices_waiting
FROM tally
