DELETE FROM answer WHERE rowid IN (
    SELECT rowid FROM answer ORDER BY asked DESC LIMIT -1 OFFSET ?1
)
