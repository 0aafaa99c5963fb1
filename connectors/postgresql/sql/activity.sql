SELECT count(*)::float8,
       count(*) FILTER (WHERE state = 'active')::float8,
       count(*) FILTER (WHERE state = 'idle')::float8,
       count(*) FILTER (WHERE state LIKE 'idle in transaction%')::float8,
       count(*) FILTER (WHERE wait_event_type = 'Lock')::float8,
       count(*) FILTER (WHERE state = 'active' AND wait_event_type = 'IO')::float8,
       count(*) FILTER (WHERE state = 'active' AND wait_event_type = 'LWLock')::float8,
       coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8,
       coalesce(extract(epoch FROM max(clock_timestamp() - query_start) FILTER (WHERE state = 'active')), 0)::float8
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> 'triagent'
