-- The id ?2 alone, settled or not; ?1 is its source.
WITH next (stable_id) AS (SELECT ?2)
