SELECT archived_count::float8, failed_count::float8,
       extract(epoch FROM clock_timestamp() - last_archived_time)::float8,
       extract(epoch FROM clock_timestamp() - last_failed_time)::float8,
       coalesce(last_failed_wal, '')
FROM pg_stat_archiver
