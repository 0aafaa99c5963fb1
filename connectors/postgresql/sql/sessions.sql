SELECT pid, coalesce(datname, ''), coalesce(usename, ''), application_name, coalesce(host(client_addr), ''), coalesce(state, ''),
       coalesce(wait_event_type || ': ' || wait_event, ''),
       extract(epoch FROM clock_timestamp() - xact_start)::float8,
       coalesce(extract(epoch FROM clock_timestamp() - CASE state WHEN 'active' THEN query_start ELSE state_change END), 0)::float8,
       left(query, 2000)
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> 'triagent'
  AND xact_start < clock_timestamp() - make_interval(secs => $1)
ORDER BY xact_start
LIMIT 50
