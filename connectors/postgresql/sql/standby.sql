SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8,
       CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8,
       pg_is_wal_replay_paused()::int::float8,
       (SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming')::float8
