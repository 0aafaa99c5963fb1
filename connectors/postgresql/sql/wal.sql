SELECT wal_records::float8, wal_bytes::float8, wal_buffers_full::float8 FROM pg_stat_wal
