package knowledge

import (
	"slices"
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"cpu_percent", "cpu percent"},
		{"CpuUsageRate(%)", "cpu usage rate %"},
		{"PodServerLatencyP90(s)", "pod server latency p 90 s"},
		{"dbmsMeasuredCPU", "dbms measured cpu"},
		{"osNetworkSendKB", "os network send kb"},
		{"TCPRetransSegs", "tcp retrans segs"},
		{"node_netstat_Tcp_RetransSegs", "node netstat tcp retrans segs"},
		{"cpu_usr (core #1)", "cpu usr core 1"},
		{"jvm.gc.pause", "jvm gc pause"},
		{`queue{name=flush,status="waiting"}`, "queue name flush status waiting"},
		{"MEM USAGE / LIMIT", "mem usage limit"},
		{"NumberOfIOs", "number of ios"},
		{"磁盘Usage", "磁盘 usage"},
		{"", ""},
		{"--", ""},
	} {
		if got := strings.Join(tokens(tt.name), " "); got != tt.want {
			t.Errorf("tokens(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"cpu", "cpu_percent", true},
		{"cpu", "cpus", false},
		{"cpu*", "cpus", true},
		{"cpu|disk util*", "disk_utilization", true},
		{"cpu|disk util*", "net_utilization", false},
		{"cpu !idle|wait", "cpu_idle", false},
		{"cpu !idle|wait", "cpu_user", true},
		{"^node", "node_cpu", true},
		{"^node", "cpu_node", false},
		{"total$", "requests_total", true},
		{"total$", "total_requests", false},
		{"^node|host", "cpu_host", true},
		{"read+rows", "read_rows", true},
		{"read+rows", "read_many_rows", false},
		{"read+row*$", "rows_read_rows", true},
		{"^a+b$", "a_b", true},
		{"^a+b$", "a_b_c", false},
		{"a+b+c", "a_b", false},
		{"%", "CPU %", true},
		{"p+99", "latency_p99", true},
	} {
		if err := checkPattern(tt.pattern); err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
		}
		if got := parsePattern(tt.pattern).match(tokens(tt.name)); got != tt.want {
			t.Errorf("%q on %q is %v", tt.pattern, tt.name, got)
		}
	}
}

// TestRuleSetFindsWhatTheListDoes compares the index with a plain search.
func TestRuleSetFindsWhatTheListDoes(t *testing.T) {
	var ifs []string
	for _, table := range embedded.Metrics {
		for _, r := range table.Rules {
			ifs = append(ifs, r.If)
		}
	}
	set := newRuleSet(ifs)
	names := []string{"cpu_percent", "unknown_thing", "jvm_gc_pause_seconds", "disk_read_bytes", "rows inserted", "x", "heap", "readAhead"}
	for _, text := range ifs { // its own words make a name that many rules fit
		names = append(names, strings.NewReplacer("|", "_", "*", "", "+", "_", "^", "", "$", "", "!", "").Replace(text))
	}
	for _, name := range names {
		words := tokens(name)
		want := slices.IndexFunc(set.patterns, func(p pattern) bool { return p.match(words) })
		if got := set.first(words); got != want {
			t.Errorf("%q: the index finds rule %d, the list %d", name, got, want)
		}
	}
}

// FuzzMetric wants no name to break the look-up, and tokens in lower case that
// survive being split again.
func FuzzMetric(f *testing.F) {
	for _, s := range []string{"cpu_percent", "PodServerLatencyP90(s)", "%%", "ÄÖ İ", "\xff\xfe", "a1B2"} {
		f.Add(s)
	}
	b := build(&embedded)
	f.Fuzz(func(t *testing.T, name string) {
		if _, ok := b.Metric("iotdb", "", name); ok && len(tokens(name)) == 0 {
			t.Errorf("%q has no tokens and a meaning", name)
		}
		for _, tok := range tokens(name) {
			if again := tokens(tok); len(again) != 1 || again[0] != tok {
				t.Errorf("token %q of %q splits into %q", tok, name, again)
			}
		}
	})
}
