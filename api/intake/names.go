package intake

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"triagent/store"
)

// Names are the labels that hold what intake wants to know of an alert, the
// first that has a value counts. Nil lists take the defaults, which are the
// common names of exporters, Kubernetes and service meshes.
type Names struct {
	Node     []string `yaml:"node"`     // a label whose value is a known node goes before the order
	Peer     []string `yaml:"peer"`     // the other end, where an alert is about a call
	System   []string `yaml:"system"`   // what must not differ within one incident
	Severity []string `yaml:"severity"` // read by its common words, in English or Chinese, or numbers as P1
}

func (n *Names) fill() {
	def := func(list *[]string, names ...string) {
		if *list == nil {
			*list = names
		}
	}
	def(&n.Node, "node", "nodename", "node_name", "node_id", "pod", "pod_name", "host", "hostname", "instance", "server", "vm", "device_host")
	def(&n.Peer, "peer", "peer_node", "destination", "destination_node", "destination_workload", "remote", "remote_node", "upstream")
	def(&n.System, "system", "cluster", "cluster_name", "cluster_id", "k8s_cluster")
	def(&n.Severity, "severity", "priority", "level", "urgency")
}

// first returns the value of the first label that has one.
func firstLabel(labels map[string]string, names []string) string {
	for _, name := range names {
		if v := labels[name]; v != "" {
			return v
		}
	}
	return ""
}

// node finds the node among what was said and the labels. Of several, one that
// is known wins; a known node may be written with a port or a domain.
func node(said string, labels map[string]string, names []string, known func(string) bool) string {
	best := said
	if said != "" {
		if k, ok := knownForm(said, known); ok {
			return k
		}
		return said
	}
	for _, name := range names {
		v := labels[name]
		if v == "" {
			continue
		}
		if k, ok := knownForm(v, known); ok {
			return k
		}
		if best == "" {
			best = v
		}
	}
	return best
}

// knownForm returns the form of a name under which a node is known: as it is,
// without its port, or without its domain.
func knownForm(name string, known func(string) bool) (string, bool) {
	if known(name) {
		return name, true
	}
	host := hostOf(name)
	if host != name && known(host) {
		return host, true
	}
	if short, _, ok := strings.Cut(host, "."); ok && short != "" && known(short) {
		if _, err := netip.ParseAddr(host); err != nil {
			return short, true
		}
	}
	return "", false
}

// hostOf strips a port.
func hostOf(name string) string {
	host, port, err := net.SplitHostPort(name)
	if err != nil || host == "" {
		return name
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return name
	}
	return host
}

var severityWords = map[store.Severity][]string{
	store.Critical: {
		"critical", "crit", "page", "fatal", "emergency", "emerg", "disaster", "alert", "p0", "p1", "sev0", "sev1", "s1", "blocker", "highest", "紧急", "致命", "严重", "灾难",
	},
	store.Major:   {"major", "error", "err", "high", "severe", "p2", "sev2", "s2", "重要", "错误", "高"},
	store.Warning: {"warning", "warn", "minor", "average", "medium", "moderate", "p3", "sev3", "s3", "ticket", "警告", "次要", "一般", "中"},
	store.Info:    {"info", "information", "informational", "notice", "none", "low", "lowest", "debug", "ok", "p4", "p5", "sev4", "sev5", "s4", "s5", "提示", "信息", "低"},
}

var severities = func() map[string]store.Severity {
	out := make(map[string]store.Severity)
	for s, words := range severityWords {
		for _, w := range words {
			out[w] = s
		}
	}
	return out
}()

// severity reads a severity as senders write it. What is not said or not
// understood is a warning.
func severity(s string) store.Severity {
	if v, ok := severities[strings.ToLower(strings.TrimSpace(s))]; ok {
		return v
	}
	return store.Warning
}

// distinct returns the names without empty and repeated ones.
func distinct(names ...string) []string {
	out := names[:0:0]
	for _, n := range names {
		if n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
