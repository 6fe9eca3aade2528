DELETE FROM answer WHERE rowid IN (
    SELECT rowid FROM answer WHERE asked < ?1 ORDER BY asked LIMIT ?2
)
