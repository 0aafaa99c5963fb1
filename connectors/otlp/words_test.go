package otlp_test

import (
	"testing"

	"triagent/knowledge"
)

// TestWords has the columns of metrics that OpenTelemetry names understood.
func TestWords(t *testing.T) {
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	for column, want := range map[string]string{
		"process.cpu.utilization": "process.cpu", "system.cpu.utilization{state=iowait}": "cpu.iowait", "system.cpu.utilization{state=idle}": "cpu.idle",
		"system.cpu.load_average.1m": "cpu.load", "process.cpu.time{state=user}:per_s": "process.cpu", "jvm.cpu.recent_utilization": "process.cpu",
		"jvm.memory.used{jvm.memory.type=heap}": "heap.use", "jvm.gc.duration:mean_ms": "gc.time", "jvm.thread.count": "process.threads",
		"system.memory.utilization{state=used}": "memory.use", "system.memory.usage{state=free}": "memory.free", "process.memory.usage": "memory.use",
		"system.disk.io{direction=read}:per_s": "disk.read", "system.disk.io{direction=write}:per_s": "disk.write", "system.disk.io_time:per_s": "disk.util",
		"system.network.io{direction=receive}:per_s": "net.in", "system.network.dropped{direction=receive}:per_s": "net.drop",
		"system.network.errors{direction=receive}:per_s": "net.error", "system.filesystem.utilization": "disk.space",
		"http.server.request.duration:mean_ms": "request.latency", "http.server.request:per_s": "request.rate", "rpc.server.duration:mean_ms": "request.latency",
		"http.client.request.duration:mean_ms": "call.latency", "db.client.operation.duration:mean_ms": "call.latency",
		"db.client.connection.count{state=used}": "connections.open", "process.open_file_descriptor.count": "process.fds",
		"k8s.container.restarts": "process.restarts", "container.cpu.usage": "cpu.use", "container.memory.usage": "memory.use",
	} {
		if m, _ := base.Metric("", "", column); string(m.Signal) != want || m.Counter {
			t.Errorf("%s is %q, want %q", column, m.Signal, want)
		}
	}
}
