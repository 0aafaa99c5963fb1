package knowledge_test

import (
	"sync"
	"testing"

	"triagent/incident"
	"triagent/knowledge"
)

// load returns the embedded base.
func load(t testing.TB) *knowledge.Base {
	t.Helper()
	b, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// named is a metric of some system with what it has to be taken for.
type named struct {
	name string
	want incident.Signal
}

// wellKnown are names as exporters and tools give them.
var wellKnown = map[string][]named{
	"cadvisor": {
		{"container_cpu_usage_seconds_total", "cpu.use"},
		{"container_cpu_user_seconds_total", "cpu.use"},
		{"container_cpu_system_seconds_total", "cpu.system"},
		{"container_cpu_cfs_throttled_seconds_total", "cpu.throttle"},
		{"container_cpu_cfs_throttled_periods_total", "cpu.throttle"},
		{"container_cpu_load_average_10s", "cpu.load"},
		{"container_memory_usage_bytes", "memory.use"},
		{"container_memory_working_set_bytes", "memory.rss"},
		{"container_memory_rss", "memory.rss"},
		{"container_memory_cache", "memory.cache"},
		{"container_memory_failcnt", "memory.pressure"},
		{"container_memory_swap", "memory.pressure"},
		{"container_oom_events_total", "memory.pressure"},
		{"container_fs_reads_bytes_total", "disk.read"},
		{"container_fs_writes_bytes_total", "disk.write"},
		{"container_fs_reads_total", "disk.iops"},
		{"container_fs_usage_bytes", "disk.space"},
		{"container_fs_limit_bytes", "setting.limit"},
		{"container_fs_io_time_seconds_total", "disk.util"},
		{"container_network_receive_bytes_total", "net.in"},
		{"container_network_transmit_bytes_total", "net.out"},
		{"container_network_receive_packets_total", "net.packets_in"},
		{"container_network_transmit_packets_dropped_total", "net.drop"},
		{"container_network_receive_errors_total", "net.error"},
		{"container_threads", "process.threads"},
		{"container_file_descriptors", "process.fds"},
		{"container_spec_memory_limit_bytes", "memory.limit"},
		{"container_spec_cpu_quota", "setting.limit"},
	},
	"node_exporter": {
		{"node_cpu_seconds_total", "cpu.use"},
		{"node_load1", "cpu.load"},
		{"node_memory_MemAvailable_bytes", "memory.free"},
		{"node_memory_MemFree_bytes", "memory.free"},
		{"node_memory_Cached_bytes", "memory.cache"},
		{"node_memory_Dirty_bytes", "buffer.dirty"},
		{"node_memory_MemTotal_bytes", "memory.limit"},
		{"node_disk_read_bytes_total", "disk.read"},
		{"node_disk_written_bytes_total", "disk.write"},
		{"node_disk_reads_completed_total", "disk.iops"},
		{"node_disk_io_time_seconds_total", "disk.util"},
		{"node_disk_read_time_seconds_total", "disk.latency"},
		{"node_disk_io_now", "disk.queue"},
		{"node_disk_io_time_weighted_seconds_total", "disk.queue"},
		{"node_filesystem_avail_bytes", "disk.free"},
		{"node_filesystem_size_bytes", "setting.limit"},
		{"node_filesystem_files_free", "disk.free"},
		{"node_network_receive_bytes_total", "net.in"},
		{"node_network_transmit_drop_total", "net.drop"},
		{"node_network_receive_errs_total", "net.error"},
		{"node_netstat_Tcp_RetransSegs", "net.retransmit"},
		{"node_netstat_TcpExt_ListenOverflows", "net.connect_fail"},
		{"node_netstat_TcpExt_TCPTimeouts", "net.timeout"},
		{"node_netstat_Tcp_CurrEstab", "net.connections"},
		{"node_sockstat_TCP_inuse", "net.connections"},
		{"node_vmstat_pgmajfault", "memory.pressure"},
		{"node_vmstat_pswpin", "memory.pressure"},
		{"node_vmstat_oom_kill", "memory.pressure"},
		{"node_context_switches_total", "cpu.switches"},
		{"node_intr_total", "cpu.interrupts"},
		{"node_forks_total", "process.spawn"},
		{"node_procs_running", "cpu.load"},
		{"node_filefd_allocated", "process.fds"},
		{"node_timex_offset_seconds", "clock.offset"},
		{"node_pressure_memory_waiting_seconds_total", "memory.pressure"},
	},
	"jvm and micrometer": {
		{"jvm_gc_pause_seconds_sum", "gc.time"},
		{"jvm_gc_pause_seconds_count", "gc.count"},
		{"jvm_gc_collection_seconds_sum", "gc.time"},
		{"jvm_memory_used_bytes", "heap.use"},
		{"jvm.memory.used", "heap.use"},
		{"jvm_memory_max_bytes", "memory.limit"},
		{"jvm_threads_live_threads", "process.threads"},
		{"jvm_threads_states_threads_blocked", "threads.blocked"},
		{"jvm_gc_memory_allocated_bytes_total", "alloc.rate"},
		{"jvm_buffer_memory_used_bytes", "memory.offheap"},
		{"process_cpu_usage", "process.cpu"},
		{"process_cpu_seconds_total", "process.cpu"},
		{"system_cpu_usage", "cpu.use"},
		{"system_load_average_1m", "cpu.load"},
		{"process_uptime_seconds", "process.uptime"},
		{"process_start_time_seconds", "process.uptime"},
		{"process_open_fds", "process.fds"},
		{"process_resident_memory_bytes", "memory.rss"},
		{"process_files_open_files", "process.fds"},
		{"http_server_requests_seconds_count", "request.rate"},
		{"http_server_requests_seconds_sum", "request.latency"},
		{"http_server_requests_seconds_max", "request.latency"},
		{"http_client_requests_seconds_sum", "call.latency"},
		{"http_client_requests_seconds_count", "call.rate"},
		{"hikaricp_connections_pending", "pool.wait"},
		{"hikaricp_connections_active", "pool.active"},
		{"tomcat_threads_busy_threads", "threads.active"},
		{"logback_events_total{level=error}", "log.error_rate"},
		{"executor_queued_tasks", "queue.length"},
		{"go_goroutines", "process.threads"},
		{"go_gc_duration_seconds_sum", "gc.time"},
		{"go_memstats_heap_inuse_bytes", "heap.use"},
	},
	"kubernetes and mesh": {
		{"kube_pod_container_status_restarts_total", "process.restarts"},
		{"kube_pod_container_status_ready", "process.ready"},
		{"kube_deployment_status_replicas_unavailable", "process.not_ready"},
		{"kubelet_volume_stats_available_bytes", "disk.free"},
		{"up", "process.up"},
		{"scrape_duration_seconds", "scrape.latency"},
		{"istio_request_duration_milliseconds_sum", "request.latency"},
		{"istio_requests_total", "request.rate"},
		{"envoy_cluster_upstream_rq_time", "call.latency"},
		{"grpc_server_handled_total", "request.rate"},
		{"grpc_server_handling_seconds_sum", "request.latency"},
		{"grpc_client_handling_seconds_sum", "call.latency"},
		{"error_rate", "request.error"},
		{"success_rate", "request.success"},
		{"requests_per_second", "request.rate"},
		{"latency_p99", "request.latency"},
		{"http_5xx_total", "request.error"},
	},
	"plain headers": {
		{"CPU Usage (%)", "cpu.use"},
		{"CPU utilization", "cpu.use"},
		{"Memory Usage (MB)", "memory.use"},
		{"Available Memory", "memory.free"},
		{"Disk Read (KB/s)", "disk.read"},
		{"Disk Write Bytes/sec", "disk.write"},
		{"Disk Queue Length", "disk.queue"},
		{"% Disk Time", "disk.util"},
		{"Avg. Disk sec/Read", "disk.latency"},
		{"Disk Usage", "disk.space"},
		{"Network In", "net.in"},
		{"Network Out (Mbps)", "net.out"},
		{"Bytes Received/sec", "net.in"},
		{"Packets Sent", "net.packets_out"},
		{"Packet Loss (%)", "net.drop"},
		{"Ping RTT ms", "net.latency"},
		{"\\Processor(_Total)\\% Processor Time", "cpu.use"},
		{"\\Memory\\Available MBytes", "memory.free"},
		{"\\System\\Processor Queue Length", "cpu.load"},
		{"Response Time (ms)", "request.latency"},
		{"Throughput", "request.rate"},
		{"QPS", "query.rate"},
		{"TPS", "transaction.rate"},
		{"Active Connections", "connections.open"},
		{"Thread Count", "process.threads"},
		{"Error Count", "request.error"},
		{"IOPS", "disk.iops"},
		{"iowait", "cpu.iowait"},
		{"load average", "cpu.load"},
		{"swap used", "memory.pressure"},
		{"Slow queries", "query.slow"},
		{"Deadlocks", "lock.deadlock"},
		{"Lock wait time", "lock.time"},
		{"Replication lag", "replication.lag"},
		{"Cache hit ratio", "cache.hit"},
		{"inode usage", "disk.inodes"},
		{"rows inserted", "rows.written"},
	},
	"database servers": {
		{"mysql_global_status_threads_running", "threads.active"},
		{"mysql_global_status_threads_connected", "connections.open"},
		{"mysql_global_status_slow_queries", "query.slow"},
		{"mysql_global_status_innodb_row_lock_time", "lock.time"},
		{"mysql_global_status_innodb_row_lock_waits", "lock.wait"},
		{"mysql_global_status_handlers_total{handler=read_rnd_next}", "scan.rows"},
		{"mysql_global_status_bytes_sent", "net.out"},
		{"mysql_global_status_innodb_buffer_pool_pages_dirty", "buffer.dirty"},
		{"mysql_slave_status_seconds_behind_master", "replication.lag"},
		{"pg_stat_database_xact_commit", "transaction.rate"},
		{"pg_stat_database_xact_rollback", "transaction.rollback"},
		{"pg_stat_database_tup_inserted", "rows.written"},
		{"pg_stat_database_blks_hit", "cache.hit"},
		{"pg_stat_database_deadlocks", "lock.deadlock"},
		{"pg_stat_bgwriter_buffers_checkpoint", "flush.rate"},
		{"pg_locks_count", "lock.wait"},
		{"pg_replication_lag_seconds", "replication.lag"},
		{"pg_stat_activity_count", "connections.open"},
		{"redis_connected_clients", "connections.open"},
		{"mongodb_op_latencies_reads_latency_total", "query.latency"},
		{"etcd_disk_wal_fsync_duration_seconds_sum", "consensus.log_latency"},
		{"etcd_server_leader_changes_seen_total", "election.count"},
		{"rocksdb_compaction_pending", "compaction.queue"},
		{"cassandra_table_pending_compactions", "compaction.queue"},
		{"kafka_consumer_lag", "replication.lag"},
	},
}

func TestMetricOfWellKnownNames(t *testing.T) {
	base := load(t)
	for family, list := range wellKnown {
		for _, n := range list {
			m, ok := base.Metric("", "", n.name)
			if !ok || m.Signal != n.want {
				t.Errorf("%s: %q is taken for %q, want %q", family, n.name, m.Signal, n.want)
			}
		}
	}
}

func TestMetricDetails(t *testing.T) {
	base := load(t)
	for _, tt := range []struct {
		system, name string
		want         knowledge.Meaning
	}{
		{"", "CPU Usage (%)", knowledge.Meaning{Signal: "cpu.use", Unit: "percent", Scale: 100}},
		{"", "container_cpu_usage_seconds_total", knowledge.Meaning{Signal: "cpu.use", Scope: knowledge.ContainerScope, Unit: "s", Counter: true}},
		{"", "Disk write bytes/s", knowledge.Meaning{Signal: "disk.write", Unit: "bytes/s"}},
		{"", "disk_write_bytes_per_s", knowledge.Meaning{Signal: "disk.write", Unit: "bytes/s"}},
		{"", "Network in (bytes/sec)", knowledge.Meaning{Signal: "net.in", Unit: "bytes/s"}},
		{"", "node_disk_written_bytes_total", knowledge.Meaning{Signal: "disk.write", Scope: knowledge.MachineScope, Unit: "bytes", Counter: true}},
		{"", "node_memory_MemTotal_bytes", knowledge.Meaning{Signal: "memory.limit", Scope: knowledge.MachineScope, Unit: "bytes"}},
		{"", "http_request_latency_ms", knowledge.Meaning{Signal: "request.latency", Unit: "ms", Log: true}},
		{"", "process_cpu_usage", knowledge.Meaning{Signal: "process.cpu", Scope: knowledge.ProcessScope}},
		{"", "CPU %", knowledge.Meaning{Signal: "cpu.use", Unit: "percent"}},
		{"IoTDB", "cpu_percent", knowledge.Meaning{Signal: "cpu.use", Unit: "percent"}},
		{"iotdb", "query_plan_partition_fetch_ms", knowledge.Meaning{Signal: "config.latency", Unit: "ms", Log: true}},
		{"mysql", "dbmsLockWaitTime", knowledge.Meaning{Signal: "lock.time", Scope: knowledge.DatabaseScope, Log: true}},
	} {
		if got, ok := base.Metric(tt.system, "", tt.name); !ok || got != tt.want {
			t.Errorf("Metric(%q, %q) = %+v, %v, want %+v", tt.system, tt.name, got, ok, tt.want)
		}
	}
}

func TestMetricNotUnderstood(t *testing.T) {
	base := load(t)
	for _, name := range []string{"", "x", "frobnication", "kpi_17", "a.b.c", "%", "___"} {
		if m, ok := base.Metric("", "", name); ok {
			t.Errorf("%q is taken for %q", name, m.Signal)
		}
	}
}

func TestMetricConcurrently(t *testing.T) {
	base := load(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, list := range wellKnown {
				for _, n := range list {
					base.Metric("", "", n.name)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkMetricFirstTime(b *testing.B) {
	var names []string
	for _, list := range wellKnown {
		for _, n := range list {
			names = append(names, n.name)
		}
	}
	for b.Loop() {
		base := load(b)
		for _, n := range names {
			base.Metric("", "", n)
		}
	}
	b.ReportMetric(float64(len(names)), "names")
}
