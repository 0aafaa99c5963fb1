SELECT checkpoints_timed::float8, checkpoints_req::float8, checkpoint_write_time::float8, checkpoint_sync_time::float8,
       buffers_checkpoint::float8, buffers_clean::float8, buffers_backend::float8, buffers_backend_fsync::float8
FROM pg_stat_bgwriter
