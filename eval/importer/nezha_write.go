package importer

import (
	"bufio"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// writeCase writes the bundle of a case to folder dir.
func (d *nezhaDay) writeCase(dir string, c nezhaCase) error {
	w := windowJSON{From: c.from, To: c.from.Add(nezhaLength)}
	from, to := w.From.Add(-nezhaPreRoll).UnixNano(), w.To.UnixNano()
	keep := func(t int64) bool { return (t >= from && t < to) || d.healthy(t) }

	truth := truthJSON{Healthy: c.fault == nil, Causes: []causeJSON{}, Split: c.split}
	if f := c.fault; f != nil {
		var err error
		if truth.Causes, err = causesOf("nezha", f.label, f.pod, f.service, windowJSON{From: f.at}); err != nil {
			return err
		}
	}
	b := newBundle(dir)
	b.json("incident.json", incidentJSON{
		Version: 1, ID: c.id, Title: "service level breached", System: "kubernetes",
		Window:   &w,
		Baseline: window(d.first, d.last.Add(time.Second)),
		Alert:    &alertJSON{Name: "ServiceLevel", At: w.From.Add(nezhaBefore + nezhaAlarm)},
		LogZone:  "UTC",
	})
	b.json("topology.json", d.topology())
	b.json("truth.json", truth)
	for _, t := range d.metrics {
		b.member("metrics/"+t.pod+".csv.zst", func(w *bufio.Writer) error { return t.write(w, keep) })
	}
	for _, pod := range slices.Sorted(maps.Keys(d.logs)) {
		if !d.logged(keep) {
			break // no collector ran: an empty file would say that the pod was silent
		}
		b.member("logs/"+pod+".jsonl.zst", func(w *bufio.Writer) error { return writeStamped(w, d.logs[pod], keep) })
	}
	b.member("traces.jsonl.zst", func(w *bufio.Writer) error { return writeStamped(w, d.spans, keep) })
	return b.close()
}

// logged reports whether any line of the day is kept.
func (d *nezhaDay) logged(keep func(int64) bool) bool {
	for _, l := range d.logs {
		if slices.ContainsFunc(l, func(s stamped) bool { return keep(s.at) }) {
			return true
		}
	}
	return false
}

// topology lists every pod that any data of the day names.
func (d *nezhaDay) topology() topologyJSON {
	pods := map[string]bool{}
	for _, t := range d.metrics {
		pods[t.pod] = true
	}
	for pod := range d.logs {
		pods[pod] = true
	}
	var t topologyJSON
	for _, pod := range slices.Sorted(maps.Keys(pods)) {
		t.Nodes = append(t.Nodes, nodeJSON{ID: pod, Host: d.hosts[pod], Service: podService(pod)})
	}
	return t
}

// write stores the rows whose time is kept, in the order of time.
func (t podTable) write(to *bufio.Writer, keep func(int64) bool) error {
	w := csv.NewWriter(to)
	if err := w.Write(append([]string{"time"}, t.header...)); err != nil {
		return err
	}
	order := make([]int, len(t.times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(min(max(t.times[a]-t.times[b], -1), 1)) })
	row := make([]string, 0, len(t.header)+1)
	for _, i := range order {
		if !keep(t.times[i]) {
			continue
		}
		row = append(append(row[:0], strconv.FormatInt(t.times[i]/1e6, 10)), t.rows[i]...)
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func writeStamped(w *bufio.Writer, lines []stamped, keep func(int64) bool) error {
	for _, l := range lines {
		if !keep(l.at) {
			continue
		}
		if _, err := w.Write(l.line); err != nil {
			return err
		}
		if err := w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

// instanceService is the name of an instance without its number.
func instanceService(instance string) string {
	i := strings.LastIndexByte(instance, '-')
	if i <= 0 {
		return instance
	}
	if _, err := strconv.Atoi(instance[i+1:]); err != nil {
		return instance
	}
	return instance[:i]
}
