WITH waiting AS MATERIALIZED (
    SELECT pid, pg_blocking_pids(pid) AS blockers
    FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'
    ORDER BY query_start
    LIMIT 50
), wanted AS MATERIALIZED (
    SELECT DISTINCT ON (pid) pid, locktype, mode,
           CASE WHEN database = (SELECT oid FROM pg_database WHERE datname = current_database()) THEN relation::regclass::text
                ELSE relation::text END AS relation,
           {{waitstart}} AS since
    FROM pg_locks
    WHERE NOT granted
    ORDER BY pid
)
SELECT a.pid, coalesce(w.blockers, '{}'), coalesce(a.datname, ''), coalesce(a.usename, ''), a.application_name,
       coalesce(host(a.client_addr), ''), coalesce(a.state, ''),
       coalesce(k.locktype, ''), coalesce(k.mode, ''), coalesce(k.relation, ''),
       coalesce(extract(epoch FROM clock_timestamp() - coalesce(k.since, a.query_start)), 0)::float8,
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8,
       coalesce(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8,
       left(a.query, 2000)
FROM pg_stat_activity a
LEFT JOIN waiting w ON w.pid = a.pid
LEFT JOIN wanted k ON k.pid = a.pid AND w.pid IS NOT NULL
WHERE w.pid IS NOT NULL OR a.pid IN (SELECT unnest(blockers) FROM waiting)
ORDER BY a.pid
LIMIT 200
