package prometheus

import (
	"fmt"
	"slices"
	"strings"

	"triagent/connectors"
	"triagent/incident"
)

// watcherInfo are metrics that only programs have that watch others. What they do
// is asked for by people and by us, who look at them most while something is
// wrong: that is no sign of what is wrong.
var watcherInfo = []string{
	"alertmanager_build_info", "blackbox_exporter_build_info", "cortex_build_info", "grafana_build_info", "jaeger_build_info", "loki_build_info",
	"mimir_build_info", "otelcol_process_uptime", "otelcol_process_uptime_seconds_total", "prometheus_build_info", "pushgateway_build_info",
	"tempo_build_info", "thanos_build_info", "triagent_queue_waiting", "vm_app_version",
}

// watchers are the targets of a list that watch others, by job and instance.
type watchers map[string]bool

func (w watchers) add(set map[string]string) { w[set["job"]+"\xff"+set["instance"]] = true }

func (w watchers) has(labels map[string]string) bool {
	return w[labels["job"]+"\xff"+labels["instance"]]
}

// watched leaves out the targets that watch, unless they are wanted or there are
// no others: then they are what is declared. It returns the names of those that
// it left out, sorted.
func (s *Source) watched(targets []*target, w watchers) (kept []*target, left []string) {
	if s.c.Monitoring {
		return targets, nil
	}
	for _, t := range targets {
		if w.has(t.labels) {
			left = append(left, strings.TrimSpace(t.labels["job"]+" "+t.labels["instance"]))
		} else {
			kept = append(kept, t)
		}
	}
	if len(kept) == 0 {
		return targets, nil
	}
	slices.Sort(left)
	return kept, slices.Compact(left)
}

// few names the first of a list.
func few(list []string) string {
	const most = 5
	text := strings.Join(list[:min(len(list), most)], ", ")
	if rest := len(list) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

// held says, for people, that what watches was left out.
func (n notes) held() (connectors.Holding, bool) {
	if len(n.left) == 0 {
		return connectors.Holding{}, false
	}
	return connectors.Holding{
		What: "targets that watch and are left out", Count: int64(len(n.left)), Note: few(n.left) + ": monitoring: true takes them too",
	}, true
}

// reduction says that what watches was left out, of so many targets.
func (n notes) reduction(targets int) (incident.Reduction, bool) {
	if len(n.left) == 0 {
		return incident.Reduction{}, false
	}
	return incident.Reduction{
		Stage: "metrics", In: int64(targets + len(n.left)), Out: int64(targets), Unit: "targets",
		How: "what watches, and is not watched, was left out: " + few(n.left), Rest: "monitoring: true in the settings of the source",
	}, true
}
