package knowledge_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"triagent/incident"
	"triagent/knowledge"
)

// vocabulary is what BUNDLE.md names.
var vocabulary = []incident.Fault{
	"cpu_saturation", "memory_saturation", "io_saturation", "disk_full", "network_delay", "network_loss", "network_bandwidth",
	"network_partition", "node_down", "process_hang", "workload_spike", "slow_query", "lock_contention", "excessive_export",
	"excessive_import", "compaction_storm", "frequent_flush", "config_error", "schema_error", "code_exception", "code_return",
	"replica_lag", "leader_flapping", "quorum_loss", "certificate_expired", "clock_skew", "dependency_failure",
}

// actions is the closed list of CONTRACT.md.
var actions = []string{
	"reassign_leaders", "reassign_tasks", "kill_query", "throttle_client", "restart_process", "restart_node", "isolate_node",
	"rejoin_node", "replace_node", "migrate_region", "flush", "pause_compaction", "free_disk", "scale_out", "raise_limit",
	"switchover", "rollback_release", "revert_config", "trigger_backup", "restore_backup", "check_quorum", "set_read_only",
	"set_running", "renew_certificate", "sync_clock", "open_ticket", "observe",
}

// required are signals that the engine makes itself, not from metric names.
var required = []incident.Signal{
	"log.error_rate", "log.warn_rate", "span.latency", "span.self_time", "span.error", "span.missing", "call.missing", "call.net_time",
	"call.latency", "call.error", "call.rate", "code.event", "code.error_line", "code.line_gone", "template.new", "template.gone",
	"template.burst", "peer.complaint", "leadership.lost", "leadership.gained", "follower.lag", "config.latency", "log.silent",
	"status.unknown", "status.readonly", "status.down", "process.up", "query.slow", "result.bytes",
}

func TestEveryFaultHasACardAndARunbook(t *testing.T) {
	b := load(t)
	for _, f := range vocabulary {
		c, ok := b.Card(f)
		if !ok {
			t.Errorf("no card for %s", f)
			continue
		}
		if len(c.Against) == 0 || len(c.Needed) == 0 || len(c.Explains) == 0 {
			t.Errorf("the card of %s lacks evidence against it, what it needs, or what it explains", f)
		}
		if _, ok := b.Runbook(f, "some system"); !ok {
			t.Errorf("no general runbook for %s", f)
		}
	}
	if len(b.Cards()) != len(vocabulary) {
		t.Errorf("%d cards for %d faults", len(b.Cards()), len(vocabulary))
	}
	if r, _ := b.Runbook("disk_full", "IoTDB"); r.System != "iotdb" {
		t.Errorf("the runbook for IoTDB is of %q", r.System)
	}
}

func TestEveryActionIsListed(t *testing.T) {
	b := load(t)
	for _, name := range actions {
		if _, ok := b.Action(name); !ok {
			t.Errorf("no action %s", name)
		}
	}
	if len(b.Actions()) != len(actions) {
		t.Errorf("%d actions, %d in the closed list", len(b.Actions()), len(actions))
	}
}

func TestRequiredSignals(t *testing.T) {
	b := load(t)
	for _, s := range required {
		if _, ok := b.Signal(s); !ok {
			t.Errorf("no signal %s", s)
		}
	}
	if len(b.Signals()) < 150 {
		t.Errorf("only %d signals", len(b.Signals()))
	}
}

// TestCardsAreConsistent wants no item twice in a list, and none that can be for
// and against at once.
func TestCardsAreConsistent(t *testing.T) {
	b := load(t)
	key := func(i knowledge.Item) string {
		info, _ := b.Signal(i.Signal)
		s := string(i.Signal) + " " + string(i.Way(info)) + " at " + string(i.Place())
		if i.Min > 0 || i.Shape != "" || len(i.All) > 0 {
			s += " with conditions"
		}
		return s
	}
	for _, c := range b.Cards() {
		seen := map[string]bool{}
		for _, i := range slices.Concat(c.For, c.Against) {
			k := key(i)
			if seen[k] && !strings.HasSuffix(k, "conditions") {
				t.Errorf("%s: %s is there twice", c.Fault, k)
			}
			seen[k] = true
		}
		for _, set := range c.Needed {
			for _, s := range set {
				if !slices.ContainsFunc(c.For, func(i knowledge.Item) bool { return i.Signal == s || hasSign(i.All, s) }) {
					t.Logf("%s needs %s, which does not speak for it", c.Fault, s)
				}
			}
		}
	}
}

// hasSign reports whether a conjunction holds a signal.
func hasSign(all []knowledge.Sign, s incident.Signal) bool {
	return slices.ContainsFunc(all, func(x knowledge.Sign) bool { return x.Signal == s })
}

// TestPlansStartGently wants the first proposal of every card to be of low risk.
func TestPlansStartGently(t *testing.T) {
	b := load(t)
	for _, c := range b.Cards() {
		gentle := slices.ContainsFunc(c.Do, func(d knowledge.ActionTemplate) bool {
			a, _ := b.Action(d.Action)
			return a.Risk == incident.LowRisk
		})
		if !gentle {
			t.Errorf("%s proposes nothing of low risk", c.Fault)
		}
	}
}

var hole = regexp.MustCompile(`\{[a-z]+\}`)

// TestWordsInBothLanguages wants the same holes in both languages, Chinese in
// Chinese, and no Chinese punctuation of half width.
func TestWordsInBothLanguages(t *testing.T) {
	b := load(t)
	keys := []string{"fault.unknown", "plan.ticket", "param.thread_dump"}
	for _, s := range b.Signals() {
		keys = append(keys, "signal."+string(s.Signal))
	}
	for _, c := range b.Cards() {
		keys = append(keys, "fault."+string(c.Fault), "fault."+string(c.Fault)+".text")
	}
	for _, a := range b.Actions() {
		for _, part := range []string{"", ".text", ".verify", ".undo"} {
			keys = append(keys, "action."+a.Action+part)
		}
	}
	for _, r := range []incident.Role{"leader", "follower", "config_leader", "config_follower", "coordinator", "witness", "service", "database", "gateway", "unknown"} {
		keys = append(keys, "role."+string(r))
	}
	for _, s := range []incident.Shape{"step", "ramp", "spike", "flat", "saturated", "silent"} {
		keys = append(keys, "shape."+string(s))
	}
	for _, key := range keys {
		en, ok := b.Word("en", key)
		zh, also := b.Word("zh-CN", key)
		if !ok || !also || en == "" || zh == "" {
			t.Errorf("%s: en %q, zh %q", key, en, zh)
			continue
		}
		if a, z := hole.FindAllString(en, -1), hole.FindAllString(zh, -1); !sameSet(a, z) {
			t.Errorf("%s: holes %v in English, %v in Chinese", key, a, z)
		}
		if regexp.MustCompile(`\p{Han}[,;:] ?\p{Han}`).MatchString(zh) {
			t.Errorf("%s: half-width punctuation in %q", key, zh)
		}
		if regexp.MustCompile(`\p{Han}`).MatchString(en) {
			t.Errorf("%s: Chinese in the English text %q", key, en)
		}
	}
	if _, ok := b.Word("fr", "role.leader"); ok {
		t.Error("a word in French")
	}
}

// sameSet reports whether two lists hold the same words.
func sameSet(a, b []string) bool {
	for _, pair := range [][2][]string{{a, b}, {b, a}} {
		for _, w := range pair[0] {
			if !slices.Contains(pair[1], w) {
				return false
			}
		}
	}
	return true
}
