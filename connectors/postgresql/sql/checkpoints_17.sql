SELECT c.num_timed::float8, c.num_requested::float8, c.write_time::float8, c.sync_time::float8,
       c.buffers_written::float8, b.buffers_clean::float8, NULL::float8, NULL::float8
FROM pg_stat_checkpointer c, pg_stat_bgwriter b
