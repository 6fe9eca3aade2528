DELETE FROM plugin_component
WHERE hash NOT IN (
    SELECT version.value ->> '$.hash'
    FROM plugin, json_each(plugin.body, '$.versions') AS version
)
