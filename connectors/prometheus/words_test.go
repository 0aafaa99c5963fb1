package prometheus_test

import (
	"strings"
	"testing"

	"triagent/connectors"
	"triagent/incident"
	"triagent/knowledge"
)

// exposed are series as exporters give them, with the column that comes of each
// and what knowledge takes it for. Those of one name are of one node.
var exposed = []struct {
	system, series, column string
	is                     incident.Signal
}{
	// IoTDB
	{"iotdb", `entry_seconds_count{name="insertTablet"}`, "entry{name=insertTablet}:per_s", "write.rate"},
	{"iotdb", `entry_seconds_sum{name="insertTablet"}`, "entry_seconds{name=insertTablet}:mean_ms", "write.latency"},
	{"iotdb", `performance_overview_detail_seconds_count{stage="parser"}`, "", ""},
	{"iotdb", `performance_overview_detail_seconds_sum{stage="parser"}`, "performance_overview_detail_seconds{stage=parser}:mean_ms", "query.plan_time"},
	{"iotdb", `performance_overview_schedule_detail_seconds_count{stage="remote_scheduler"}`, "performance_overview_schedule_detail{stage=remote_scheduler}:per_s", "call.rate"},
	{"iotdb", `performance_overview_schedule_detail_seconds_sum{stage="remote_scheduler"}`, "performance_overview_schedule_detail_seconds{stage=remote_scheduler}:mean_ms", "call.latency"},
	{"iotdb", `performance_overview_engine_detail_seconds_count{stage="wal"}`, "", ""},
	{"iotdb", `performance_overview_engine_detail_seconds_sum{stage="wal"}`, "performance_overview_engine_detail_seconds{stage=wal}:mean_ms", "wal.latency"},
	{"iotdb", `stage_seconds_count{name="iot_consensus",type="consensusWrite",region="DataRegion[3]"}`, "", ""},
	{"iotdb", `stage_seconds_sum{name="iot_consensus",type="consensusWrite",region="DataRegion[3]"}`, "stage_seconds{name=iot_consensus,type=consensusWrite}:mean_ms", "consensus.latency"},
	{"iotdb", `iot_consensus{type="syncLag",region="DataRegion[3]",name="logDispatcher"}`, "iot_consensus{name=logDispatcher,region=DataRegion[3],type=syncLag}", "replication.lag"},
	{"iotdb", `iot_consensus{type="syncLag",region="DataRegion[4]",name="logDispatcher"}`, "", ""},
	{"iotdb", `iot_consensus{type="searchIndex",region="DataRegion[3]",name="ioTConsensusServerImpl"}`, "iot_consensus{name=ioTConsensusServerImpl,type=searchIndex}:per_s", "write.rate"},
	{"iotdb", `iot_send_log_seconds_count{stage="syncLogTimePerRequest"}`, "iot_send_log{stage=syncLogTimePerRequest}:per_s", "replication.rate"},
	{"iotdb", `iot_send_log_seconds_sum{stage="syncLogTimePerRequest"}`, "iot_send_log_seconds{stage=syncLogTimePerRequest}:mean_ms", "replication.latency"},
	{"iotdb", `iot_receive_log_seconds_count{stage="apply"}`, "", ""},
	{"iotdb", `iot_receive_log_seconds_sum{stage="apply"}`, "iot_receive_log_seconds{stage=apply}:mean_ms", "replication.apply_latency"},
	{"iotdb", `quantity_total{name="points_in",region="DataRegion[3]"}`, "quantity{name=points_in}:per_s", "rows.written"},
	{"iotdb", `memtable_threshold{type="flush_threshold"}`, "memtable_threshold{type=flush_threshold}", "setting.limit"},
	{"iotdb", `flush_memtable_count_total{type="manual_flush_memtable_count"}`, "flush_memtable_count{type=manual_flush_memtable_count}:per_s", "flush.manual"},
	{"iotdb", `cost_task_seconds_count{name="flush"}`, "", ""},
	{"iotdb", `cost_task_seconds_sum{name="flush"}`, "cost_task_seconds{name=flush}:mean_ms", "flush.time"},
	{"iotdb", `pending_flush_task{type="pending"}`, "pending_flush_task{type=pending}", "flush.queue"},
	{"iotdb", `queue{name="compaction_inner_seq",status="waiting"}`, "queue{name=compaction_inner_seq,status=waiting}", "compaction.queue"},
	{"iotdb", `data_written_total{name="compaction"}`, "data_written{name=compaction}:per_s", "compaction.bytes"},
	{"iotdb", `wal_cost_seconds_count{stage="sync_wal_buffer",type="fsync"}`, "wal_cost{stage=sync_wal_buffer,type=fsync}:per_s", "wal.rate"},
	{"iotdb", `wal_cost_seconds_sum{stage="sync_wal_buffer",type="fsync"}`, "wal_cost_seconds{stage=sync_wal_buffer,type=fsync}:mean_ms", "wal.latency"},
	{"iotdb", `wal_queue_mem_cost`, "wal_queue_mem_cost", "wal.queue"},
	{"iotdb", `file_size{name="wal"}`, "file_size{name=wal}", "wal.size"},
	{"iotdb", `file_global_count{name="unseq"}`, "file_global_count{name=unseq}", "unseq.count"},
	{"iotdb", `query_execution_seconds_count{stage="wait_for_result"}`, "", ""},
	{"iotdb", `query_execution_seconds_sum{stage="wait_for_result"}`, "query_execution_seconds{stage=wait_for_result}:mean_ms", "query.latency"},
	{"iotdb", `query_plan_cost_seconds_count{stage="partition_fetcher"}`, "", ""},
	{"iotdb", `query_plan_cost_seconds_sum{stage="partition_fetcher"}`, "query_plan_cost_seconds{stage=partition_fetcher}:mean_ms", "config.latency"},
	{"iotdb", `dispatcher_seconds_count{stage="wait_for_dispatch"}`, "", ""},
	{"iotdb", `dispatcher_seconds_sum{stage="wait_for_dispatch"}`, "dispatcher_seconds{stage=wait_for_dispatch}:mean_ms", "call.latency"},
	{"iotdb", `driver_scheduler{name="ready_queue_task_count"}`, "driver_scheduler{name=ready_queue_task_count}", "queue.length"},
	{"iotdb", `coordinator{name="query_execution_map_size"}`, "coordinator{name=query_execution_map_size}", "query.running"},
	{"iotdb", `local_execution_planner{name="free_memory_for_operators"}`, "local_execution_planner{name=free_memory_for_operators}", "query.memory_free"},
	{"iotdb", `operator_execution_cost_seconds_count{name="SeriesScanOperator"}`, "", ""},
	{"iotdb", `operator_execution_cost_seconds_sum{name="SeriesScanOperator"}`, "operator_execution_cost_seconds{name=SeriesScanOperator}:mean_ms", "scan.latency"},
	{"iotdb", `thrift_connections{name="ClientRPC"}`, "thrift_connections{name=ClientRPC}", "connections.open"},
	{"iotdb", `node_num{type="DataNode",status="Unknown"}`, "node_num{status=Unknown,type=DataNode}", "cluster.unknown"},
	{"iotdb", `jvm_gc_pause_seconds_count{action="end of minor GC",cause="Allocation Failure"}`, "", ""},
	{"iotdb", `jvm_gc_pause_seconds_sum{action="end of minor GC",cause="Allocation Failure"}`, "jvm_gc_pause_seconds{action=end of minor GC}:mean_ms", "gc.time"},
	{"iotdb", `jvm_memory_used_bytes{area="heap",id="Eden Space"}`, "jvm_memory_used_bytes{area=heap,id=Eden Space}", "heap.use"},
	{"iotdb", `jvm_memory_used_bytes{area="heap",id="Tenured Gen"}`, "", ""},
	{"iotdb", `jvm_threads_live_threads`, "jvm_threads_live_threads", "process.threads"},
	{"iotdb", `process_cpu_load`, "process_cpu_load", "process.cpu"},
	{"iotdb", `logback_events_total{level="error"}`, "logback_events{level=error}:per_s", "log.error_rate"},
	// node_exporter
	{"", `node_cpu_seconds_total{cpu="0",mode="iowait"}`, "node_cpu_seconds{mode=iowait}:per_s", "cpu.iowait"},
	{"", `node_cpu_seconds_total{cpu="0",mode="idle"}`, "node_cpu_seconds{mode=idle}:per_s", "cpu.idle"},
	{"", `node_cpu_seconds_total{cpu="1",mode="idle"}`, "", ""},
	{"", `node_load1`, "node_load1", "cpu.load"},
	{"", `node_memory_MemAvailable_bytes`, "node_memory_MemAvailable_bytes", "memory.free"},
	{"", `node_filesystem_avail_bytes{device="/dev/sda1",mountpoint="/"}`, "node_filesystem_avail_bytes", "disk.free"},
	{"", `node_disk_io_time_seconds_total{device="sda"}`, "node_disk_io_time_seconds:per_s", "disk.util"},
	{"", `node_disk_read_bytes_total{device="sda"}`, "node_disk_read_bytes:per_s", "disk.read"},
	{"", `node_disk_written_bytes_total{device="sda"}`, "node_disk_written_bytes:per_s", "disk.write"},
	{"", `node_network_receive_bytes_total{device="eth0"}`, "node_network_receive_bytes:per_s", "machine.net_in"},
	{"", `node_network_transmit_drop_total{device="eth0"}`, "node_network_transmit_drop:per_s", "net.drop"},
	{"", `node_netstat_Tcp_RetransSegs`, "node_netstat_Tcp_RetransSegs", "net.retransmit"},
	// postgres_exporter
	{"postgresql", `pg_stat_database_xact_commit{datname="shop"}`, "pg_stat_database_xact_commit{datname=shop}", "transaction.rate"},
	{"postgresql", `pg_stat_database_xact_commit{datname="postgres"}`, "", ""},
	{"postgresql", `pg_stat_database_deadlocks{datname="shop"}`, "pg_stat_database_deadlocks", "lock.deadlock"},
	{"postgresql", `pg_locks_count{datname="shop",mode="exclusivelock"}`, "pg_locks_count{mode=exclusivelock}", "lock.wait"},
	{"postgresql", `pg_replication_lag_seconds`, "pg_replication_lag_seconds", "replication.lag"},
	{"postgresql", `pg_up`, "pg_up", "process.up"},
	{"", `up`, "up", "process.up"},
	{"", `scrape_duration_seconds`, "scrape_duration_seconds", "scrape.latency"},
}

// TestWords has the columns of common exporters understood.
func TestWords(t *testing.T) {
	var o openmetrics
	for _, x := range exposed {
		if x.series == "up" {
			continue
		}
		name, labels := x.series, ""
		if i := strings.IndexByte(name, '{'); i >= 0 {
			name, labels = x.series[:i], ","+x.series[i+1:len(x.series)-1]
		}
		o.add(name+`{job="db",instance="10.0.0.1:9092"`+labels+"}", 20, func(i int) float64 { return float64(i) })
	}
	o.add(`up{job="db",instance="10.0.0.1:9092"}`, 20, func(int) float64 { return 1 })
	p := serve(t, "", o.String()+"# EOF\n")
	to := collected(t, source(t, p.url), connectors.Ask{Span: span})
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range exposed {
		if x.column == "" {
			continue
		}
		to.of(t, "10.0.0.1:9092", x.column)
		m, _ := base.Metric(x.system, "", x.column)
		if m.Signal != x.is {
			t.Errorf("%s is %q, want %q", x.column, m.Signal, x.is)
		}
		if m.Counter {
			t.Errorf("%s is taken for a counter", x.column)
		}
	}
}
