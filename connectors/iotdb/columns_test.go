package iotdb

import (
	"os"
	"strings"
	"testing"
	"time"

	"triagent/knowledge"
)

// read reads an exposition of testdata.
func read(t *testing.T, text string) *exposition {
	t.Helper()
	e, err := readExposition(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestColumns makes metrics of two scrapes of a DataNode and has knowledge
// understand the important ones.
func TestColumns(t *testing.T) {
	sc := &scrape{before: read(t, file(t, "datanode-1.txt")), now: read(t, file(t, "datanode-2.txt")), passed: 10 * time.Second}
	got := make(map[string]float64)
	for _, c := range sc.columns(telling([]*scrape{sc})) {
		got[c.name] = c.value
	}
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, signal := range map[string]string{
		"entry{name=insertTablet}:per_s":                                                        "write.rate",
		"entry_seconds{name=insertTablet}:mean_ms":                                              "write.latency",
		"entry_seconds{name=insertTablet}:p99_ms":                                               "write.latency",
		"entry_seconds{name=executeQueryStatementV2}:mean_ms":                                   "query.latency",
		"performance_overview_schedule_detail{stage=remote_scheduler}:per_s":                    "call.rate",
		"performance_overview_detail_seconds{stage=parser}:mean_ms":                             "query.plan_time",
		"performance_overview_schedule_detail_seconds{stage=remote_scheduler}:mean_ms":          "call.latency",
		"iot_consensus{name=ioTConsensusServerImpl,region=DataRegion[1],type=syncLag}":          "replication.lag",
		"wal_cost_seconds{stage=sync_wal_buffer,type=fsync}:mean_ms":                            "wal.latency",
		"queue{name=flush,status=waiting}":                                                      "flush.queue",
		"quantity{database=root.plant,name=points_in,region=1,type=memtable_point_count}:per_s": "rows.written",
		"process_cpu_load{name=process}":                                                        "process.cpu",
		"process_mem_ratio{name=process}":                                                       "memory.rss",
		"logback_events{level=error}:per_s":                                                     "log.error_rate",
		"thrift_connections{name=ClientRPC}":                                                    "connections.open",
		"jvm_memory_used_bytes{area=heap,id=Tenured Gen}":                                       "heap.use",
		"driver_scheduler{name=ready_queue_task_count}":                                         "queue.length",
	} {
		if _, ok := got[name]; !ok {
			t.Errorf("no column %s", name)
		}
		m, _ := base.Metric("iotdb", "datanode", name)
		if string(m.Signal) != signal || m.Counter {
			t.Errorf("%s is %q (counter %v), want %q", name, m.Signal, m.Counter, signal)
		}
	}
	for name := range got {
		for _, never := range []string{"nodeId", "cluster=", "quantile", "_count:", "_total:", "_total{", "_sum"} {
			if strings.Contains(name, never) {
				t.Errorf("%s has %s in it", name, never)
			}
		}
	}
	t.Logf("%d columns", len(got))
}

// FuzzExposition reads anything without harm.
func FuzzExposition(f *testing.F) {
	for _, s := range []string{"a 1\n", `a{b="c\"\n",} 2 3`, "# TYPE a summary\na_sum 1\na_count{} 2", `a{b="`, "a{", `a{="x"} NaN`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := readExposition(strings.NewReader(text))
		if err != nil {
			return
		}
		sc := &scrape{before: e, now: e, passed: time.Second}
		for _, c := range sc.columns(telling([]*scrape{sc})) {
			if c.name == "" {
				t.Error("a column without a name")
			}
		}
	})
}
