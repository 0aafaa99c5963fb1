package knowledge_test

import (
	"slices"
	"strings"
	"testing"

	"triagent/incident"
	"triagent/telemetry"
)

func TestLog(t *testing.T) {
	base := load(t)
	for _, tt := range []struct {
		system   string
		level    telemetry.Level
		text     string
		want     []incident.Signal // among what is found
		unwanted []incident.Signal
	}{
		{"iotdb", telemetry.Warn, "<*>@group-<*>-><*>-GrpcLogAppender: Timed out HEARTBEAT appendEntries, errorCount=<*>, request=<*>", []incident.Signal{"log.timeout", "peer.complaint"}, nil},
		{"iotdb", telemetry.Error, "fail to sync logEntries because system is read-only.", []incident.Signal{"log.readonly"}, []incident.Signal{"log.peer_readonly"}},
		{"iotdb", telemetry.Warn, "Can not send Batch{startIndex=<*>, endIndex=<*>} to peer Peer{groupId=DataRegion[<*>]} for <*> times because fail to sync logEntries because system is read-only.", []incident.Signal{"log.peer_readonly", "peer.complaint"}, []incident.Signal{"log.readonly"}},
		{"iotdb", telemetry.Warn, "can't execute request on node TEndPoint(ip:<*>, port:<*>), error msg is java.net.NoRouteToHostException: No route to host", []incident.Signal{"log.unreachable", "peer.complaint"}, nil},
		{"iotdb", telemetry.Warn, "The available disk space is : <*> MB, the total disk space is : <*> GB, and the remaining disk usage ratio: <*> is less than disk_space_warning_threshold: <*>, set system to readonly!", []incident.Signal{"log.disk_full", "log.readonly"}, nil},
		{"iotdb", telemetry.Warn, "There is not enough memory to execute current fragment instance, current remaining free memory is <*>", []incident.Signal{"log.memory_reject"}, []incident.Signal{"log.oom"}},
		{"iotdb", telemetry.Info, "Cost: <*> ms, select * from root.plant.line<*>.**", []incident.Signal{"log.slow_query"}, nil},
		{"iotdb", telemetry.Info, "async force close all files in database: root.plant-<*>", []incident.Signal{"log.flush_manual"}, nil},
		{"iotdb", telemetry.Info, "root.plant-<*> [Compaction] Sequence InnerSpaceCompaction task starts with <*> files", []incident.Signal{"log.compaction"}, []incident.Signal{"log.flush"}},
		{"iotdb", telemetry.Info, "<*>@group-<*>: changes role from CANDIDATE to LEADER at term <*> for changeToLeader", []incident.Signal{"log.election"}, nil},
		{"iotdb", telemetry.Info, "<*>: shutdown <*>@group-<*>-FollowerState", nil, []incident.Signal{"log.shutdown"}},
		{"iotdb", telemetry.Warn, "JvmPauseMonitor-<*>: Detected pause in JVM or host machine approximately <*>s without any GCs.", []incident.Signal{"log.gc_pause"}, nil},
		{"iotdb", telemetry.Info, "Updating configuration file /opt/iotdb/conf/iotdb-system.properties", []incident.Signal{"log.config_change"}, nil},
		{"iotdb", telemetry.Info, "<*>@group-<*>: set configuration conf: {index: <*>, cur=peers:[]}", nil, []incident.Signal{"log.config_change"}},
		{"iotdb", telemetry.Info, "raft.server.rpc.request.timeout = <*>ms (custom)", nil, []incident.Signal{"log.timeout"}},
		{"iotdb", telemetry.Info, "select last s<*> from root.plant.line<*>.d<*>", []incident.Signal{"log.query"}, []incident.Signal{"log.slow_query"}},
		{"iotdb", telemetry.Info, "Congratulations, IoTDB DataNode is set up successfully.", []incident.Signal{"log.restart"}, nil},
		{"", telemetry.Error, "dial tcp <*>: connect: connection refused", []incident.Signal{"log.refused"}, nil},
		{"", telemetry.Error, "write /data/wal: no space left on device", []incident.Signal{"log.disk_full"}, nil},
		{"", telemetry.Fatal, "java.lang.OutOfMemoryError: Java heap space", []incident.Signal{"log.oom"}, nil},
		{"", telemetry.Error, "tls: failed to verify certificate: x509: certificate has expired or is not yet valid", []incident.Signal{"log.certificate"}, nil},
		{"", telemetry.Warn, "clock skew detected: offset <*> ms", []incident.Signal{"log.clock"}, nil},
		{"mysql", telemetry.Error, "Lock wait timeout exceeded; try restarting transaction", []incident.Signal{"log.lock"}, nil},
		{"postgresql", telemetry.NoLevel, "LOG: checkpoints are occurring too frequently (<*> seconds apart)", []incident.Signal{"log.flush"}, nil},
		{"postgresql", telemetry.Error, "ERROR: relation \"<*>\" does not exist", []incident.Signal{"log.schema_error"}, nil},
		{"", telemetry.Debug, "request timed out", nil, []incident.Signal{"log.timeout"}},
		{"", telemetry.NoLevel, "request timed out", []incident.Signal{"log.timeout"}, nil},
		{"", telemetry.Info, "timeout set to <*>", nil, []incident.Signal{"log.timeout"}},
		{"", telemetry.Info, "GET /orders <*> <*> ms", nil, []incident.Signal{"log.timeout", "log.exception", "log.flush"}},
		{"", telemetry.Info, "user flushing toilets", []incident.Signal{"log.flush"}, nil},
		{"", telemetry.Info, "reflushed", nil, []incident.Signal{"log.flush"}},
		{"", telemetry.Info, "", nil, []incident.Signal{"log.exception"}},
	} {
		got := base.Log(tt.system, tt.level, tt.text)
		for _, s := range tt.want {
			if !slices.Contains(got, s) {
				t.Errorf("Log(%q) = %v, without %s", tt.text, got, s)
			}
		}
		for _, s := range tt.unwanted {
			if slices.Contains(got, s) {
				t.Errorf("Log(%q) = %v, with %s", tt.text, got, s)
			}
		}
		if upper := base.Log(tt.system, tt.level, strings.ToUpper(tt.text)); !slices.Equal(got, upper) {
			t.Errorf("Log(%q) depends on case: %v, %v", tt.text, got, upper)
		}
	}
}

func TestChange(t *testing.T) {
	base := load(t)
	for _, tt := range []struct {
		kind, text string
		want       []incident.Signal
	}{
		{"status", "show cluster: Running -> Unknown", []incident.Signal{"status.unknown"}},
		{"status", "show cluster: Unknown -> Running", []incident.Signal{"status.running"}},
		{"status", "show cluster: Running -> ReadOnly(DiskFull)", []incident.Signal{"status.readonly", "log.disk_full"}},
		{"status", "show cluster: ReadOnly -> Unknown", []incident.Signal{"status.unknown"}},
		{"restart", "process started", []incident.Signal{"event.restart"}},
		{"config", "configuration file changed: query_timeout_threshold; process restarted", []incident.Signal{"event.restart", "event.config"}},
		{"config", "slow_query_threshold set to 3000", []incident.Signal{"event.config"}},
		{"maintenance", "scheduled flush of all databases", []incident.Signal{"event.maintenance"}},
		{"deployment", "v2", []incident.Signal{"event.deploy"}},
		{"note", "lunch", nil},
	} {
		if got := base.Change("iotdb", incident.Change{Kind: tt.kind, Text: tt.text}); !slices.Equal(got, tt.want) {
			t.Errorf("Change(%s, %q) = %v, want %v", tt.kind, tt.text, got, tt.want)
		}
	}
}

func BenchmarkLog(b *testing.B) {
	base := load(b)
	line := "Can not send Batch{startIndex=<*>, endIndex=<*>, size=<*>, serializedSize=<*>} to peer Peer{groupId=DataRegion[<*>], endpoint=TEndPoint(ip:<*>, port:<*>), nodeId=<*>} for <*> times because of a long story"
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		base.Log("iotdb", telemetry.Warn, line)
	}
}
