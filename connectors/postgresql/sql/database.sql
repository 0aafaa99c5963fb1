SELECT datname, numbackends::float8, xact_commit::float8, xact_rollback::float8, blks_read::float8, blks_hit::float8,
       tup_returned::float8, tup_fetched::float8, tup_inserted::float8, tup_updated::float8, tup_deleted::float8,
       conflicts::float8, temp_files::float8, temp_bytes::float8, deadlocks::float8,
       blk_read_time::float8, blk_write_time::float8
FROM pg_stat_database
WHERE datname IS NOT NULL AND datname NOT IN ('template0', 'template1')
ORDER BY xact_commit + xact_rollback DESC, datname
LIMIT $1
