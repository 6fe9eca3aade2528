SELECT id, at, last, times, allowed, district, revision, action,
       coalesce(body ->> '$.request.subject.id', ''),
       coalesce(body ->> '$.request.resource.id', ''),
       coalesce((SELECT json_group_array(value ->> '$.code') FROM json_each(body, '$.decision.reasons')), '[]'),
       json_type(body, '$.input') IS 'object'
FROM decision
WHERE id = ?1
