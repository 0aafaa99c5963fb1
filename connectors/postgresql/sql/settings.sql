SELECT name, left(setting, 40), coalesce(unit, ''), pending_restart
FROM pg_settings
WHERE source NOT IN ('default', 'client', 'session', 'override')
  AND vartype IN ('bool', 'integer', 'real', 'enum')
  AND name NOT LIKE 'debug%'
ORDER BY pending_restart DESC, name
LIMIT 200
