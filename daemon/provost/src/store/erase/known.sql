-- Whether the journal has ever told of a person.
SELECT EXISTS (SELECT 1 FROM journal WHERE person = ?1)
