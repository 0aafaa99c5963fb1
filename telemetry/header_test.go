package telemetry

import (
	"testing"
)

func TestParseHead(t *testing.T) {
	for _, tt := range []struct {
		name, line   string
		time         string
		level        Level
		logger, body string
	}{
		{"logback", "2023-10-27 20:56:50,020 [main] INFO  o.a.i.c.c.ConfigNodeDescriptor:105 - the body - here", "2023-10-27 20:56:50,020", Info, "o.a.i.c.c.ConfigNodeDescriptor", "the body - here"},
		{"logback thread", "2023-11-18 08:46:46,760 [pool-12-Task-Executors-5$20231118_084646_00050_8.0.0.0] DEBUG o.a.i.d.q.e.e.s.SourceHandle$GetDataBlocksTask:537 - [EndPull] Count:1 ", "2023-11-18 08:46:46,760", Debug, "o.a.i.d.q.e.e.s.SourceHandle$GetDataBlocksTask", "[EndPull] Count:1 "},
		{"log4j", "2015-10-18 18:02:21,699 INFO [IPC Server handler 12 on 62270] org.apache.hadoop.mapred.TaskAttemptListenerImpl: Progress of x", "2015-10-18 18:02:21,699", Info, "org.apache.hadoop.mapred.TaskAttemptListenerImpl", "Progress of x"},
		{"zookeeper", "2015-07-29 19:33:35,894 - WARN  [RecvWorker:188978561024:QuorumCnxManager$RecvWorker@762] - Connection broken for id 1", "2015-07-29 19:33:35,894", Warn, "", "Connection broken for id 1"},
		{"spark", "17/06/09 20:11:10 INFO executor.CoarseGrainedExecutorBackend: Got assigned task 1335", "17/06/09 20:11:10", Info, "executor.CoarseGrainedExecutorBackend", "Got assigned task 1335"},
		{"hdfs", "081111 081640 23985 INFO dfs.DataNode$PacketResponder: Received block blk_4", "081111 081640", Info, "dfs.DataNode$PacketResponder", "Received block blk_4"},
		{"openstack", "nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:11:23.292 25746 INFO nova.api.openstack.wsgi [req-033d f7b8 - - -] [instance: 1] HTTP exception", "2017-05-16 00:11:23.292", Info, "nova.api.openstack.wsgi", "[instance: 1] HTTP exception"},
		{"apache error", "[Mon Dec 05 15:40:59 2005] [error] [client 1.2.3.4] Directory index forbidden", "Mon Dec 05 15:40:59 2005", Error, "", "[client 1.2.3.4] Directory index forbidden"},
		{"syslog", "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; x", "Jun 14 15:16:01", NoLevel, "sshd(pam_unix)[19939]", "authentication failure; x"},
		{"syslog kernel", "Jul 27 14:41:57 combo kernel: You can enable it", "Jul 27 14:41:57", NoLevel, "kernel", "You can enable it"},
		{"spring", "2023-10-27 20:56:50.020  INFO 12345 --- [nio-8080-exec-1] c.e.demo.OrderService   : order placed", "2023-10-27 20:56:50.020", Info, "c.e.demo.OrderService", "order placed"},
		{"python", "2023-10-27 20:56:50,020 - app.db - WARNING - slow query", "2023-10-27 20:56:50,020", Warn, "", "slow query"},
		{"python root", "WARNING:root:watch out", "", Warn, "", "root:watch out"},
		{"klog", "E1027 20:56:50.020123    1234 reflector.go:138] failed to list", "E1027 20:56:50.020123", Error, "reflector.go", "failed to list"},
		{"android", "03-17 16:13:38.811  1702  2395 D WindowManager: printFreezing", "03-17 16:13:38.811", Debug, "WindowManager", "printFreezing"},
		{"postgres", "2023-10-27 20:56:50.020 UTC [1234] LOG:  checkpoint starting: time", "2023-10-27 20:56:50.020 UTC", Info, "", "checkpoint starting: time"},
		{"mysql", "2023-10-27T20:56:50.123456Z 0 [Warning] [MY-010068] [Server] CA certificate ca.pem", "2023-10-27T20:56:50.123456Z", Warn, "", "CA certificate ca.pem"},
		{"health", "20171223-22:15:29:606|Step_LSC|30002312|onStandStepChanged 3579", "20171223-22:15:29:606", NoLevel, "Step_LSC", "onStandStepChanged 3579"},
		{"zap", "2023-10-27T20:56:50.020Z\tINFO\traft/node.go:123\tbecame leader", "2023-10-27T20:56:50.020Z", Info, "", "became leader"},
		{"json", `{"ts":"2023-10-27T20:56:50Z","level":"error","logger":"a.b","msg":"it \"broke\" 5","x":{"msg":"no"}}`, "2023-10-27T20:56:50Z", Error, "a.b", `it \"broke\" 5`},
		{"json epoch", `{"msg": "m", "time": 1700297180.247, "severity": "warn"}`, "1700297180.247", Warn, "", "m"},
		{"logfmt", `time=2023-10-27T20:56:50Z level=info msg="started up" port=80`, "2023-10-27T20:56:50Z", Info, "", "started up"},
		{"supercomputer", "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02-M1-N0-C:J12-U11 RAS KERNEL INFO instruction cache parity error corrected", "1117838570", Info, "", "instruction cache parity error corrected"},
		{"cluster syslog", "- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond(pam_unix)[2915]: session closed for user root", "1131566461", NoLevel, "crond(pam_unix)[2915]", "session closed for user root"},
		{"time alone", "2023-10-27 20:56:50 5 apples: eaten", "2023-10-27 20:56:50", NoLevel, "", "5 apples: eaten"},
		{"level first", "ERROR something broke", "", Error, "", "something broke"},
		{"no header", "Error was not found in 5 files", "", NoLevel, "", "Error was not found in 5 files"},
		{"empty", "", "", NoLevel, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := ParseHead([]byte(tt.line))
			if got := tt.line[h.TimeFrom:h.TimeTo]; got != tt.time {
				t.Errorf("time %q, want %q", got, tt.time)
			}
			if h.Level != tt.level {
				t.Errorf("level %v, want %v", h.Level, tt.level)
			}
			if got := tt.line[h.LoggerFrom:h.LogTo]; got != tt.logger {
				t.Errorf("logger %q, want %q", got, tt.logger)
			}
			if got := tt.line[h.BodyFrom:h.BodyTo]; got != tt.body {
				t.Errorf("body %q, want %q", got, tt.body)
			}
		})
	}
}

func TestSplitter(t *testing.T) {
	var s Splitter
	for i, tt := range []struct {
		line   string
		starts bool
	}{
		{"banner without a time", true},
		{"2023-10-27 20:56:50,020 [main] ERROR x.Y:1 - failed", true},
		{"java.io.IOException: broken", false},
		{"\tat a.b.C.d(C.java:5)", false},
		{"Caused by: java.lang.Error", false},
		{"\t... 5 more", false},
		{"", false},
		{"2023-10-27 20:56:51,020 [main] INFO x.Y:1 - fine", true},
	} {
		if _, starts := s.Next([]byte(tt.line)); starts != tt.starts {
			t.Errorf("line %d %q: starts is %v", i, tt.line, starts)
		}
	}
}

func FuzzParseHead(f *testing.F) {
	for _, s := range []string{
		"2023-10-27 20:56:50,020 [main] INFO  a.B:105 - body", `{"ts":"x","msg":"m\"","a":[1,{"b":2}]}`,
		"2023-12-31 23:59:60.999 [grpc-default-worker-ELG-3-4] DEBUG AbstractInternalLogger:214 -  body\r\n",
		`time=1 level=info msg="a b"`, "Jun 14 15:16:01 combo sshd[1]: x", "[Mon Dec 05 15:40:59 2005] [error] x",
		"20171223-22:15:29:606|a|b|c", "ERROR: x", "E1027 20:56:50.02 1 a.go:1] x",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		h := ParseHead(line)
		for _, s := range [][2]int{{h.TimeFrom, h.TimeTo}, {h.LoggerFrom, h.LogTo}, {h.BodyFrom, h.BodyTo}} {
			if s[0] < 0 || s[0] > s[1] || s[1] > len(line) {
				t.Fatalf("ParseHead(%q) = %+v", line, h)
			}
		}
		var fast Head
		if n := trimEnd(line); n >= 4 && line[0]-'0' <= 9 && fastHead(line[:n], &fast) {
			if fast.BodyTo = n; fast != parseHead(line[:n], Head{BodyTo: n}) {
				t.Fatalf("%q: fast %+v, slow %+v", line, fast, parseHead(line[:n], Head{BodyTo: n}))
			}
		}
		if h != ParseHead(line) {
			t.Fatalf("ParseHead(%q) varies", line)
		}
		for _, s := range []Splitter{{}, {timed: true}, {timed: true, front: true}} {
			short, long := s, s
			from, to, starts := short.Body(line)
			if h, also := long.Next(line); from != h.BodyFrom || to != h.BodyTo || starts != also || short != long {
				t.Fatalf("%q: the body alone is %d:%d, starts is %v, then %+v; with the head %+v, %v, then %+v", line, from, to, starts, short, h, also, long)
			}
		}
	})
}

func BenchmarkParseHead(b *testing.B) {
	line := []byte("2023-11-18 08:46:20,247 [grpc-default-worker-ELG-3-4] DEBUG o.a.r.t.i.n.u.i.l.AbstractInternalLogger:214 - [id: 0x8e069506")
	for b.Loop() {
		ParseHead(line)
	}
}
