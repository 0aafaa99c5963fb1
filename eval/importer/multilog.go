package importer

import (
	"bufio"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"triagent/internal/errs"
)

// importMultilog imports the sample of the multi-node IoTDB log set: six nodes,
// 10,000 lines each, cut off before the second injection of a case, so that a
// case is its first injection. The window is from 5 s before it to 5 s after its
// end, the baseline from the first line to the window, the alert at its start.
// Where the set does not state the node, the truth names none.
func importMultilog(ctx context.Context, src, dst string, p Progress) ([]*Manifest, error) {
	rows, err := readTable(filepath.Join(src, "injections.csv"))
	if err != nil {
		return nil, err
	}
	m := &Manifest{
		Name: "iotdb-multilog", Kind: Multilog, System: "iotdb", Dir: filepath.Join(dst, "iotdb-multilog"),
		Notes: "Window: 5 s before the first injection to 5 s after its end; baseline: from boot to the window. Time alone separates fault from baseline: no detection score.",
	}
	var first []map[string]string
	for _, r := range rows {
		if r["seq"] == "0" {
			first = append(first, r)
		}
	}
	if err := m.begin(); err != nil {
		return nil, err
	}
	for i, r := range first {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		id := fmt.Sprintf("multilog-%02d", i+1)
		e := Entry{ID: id, Path: memberPath("cases", id), Part: PartCase, Split: m.Name + "/" + r["case"]}
		if err := writeMultilog(src, filepath.Join(m.Dir, "cases", id), &e, r); err != nil {
			return nil, fmt.Errorf("case %s: %w", r["case"], err)
		}
		m.Cases = append(m.Cases, e)
		p(m.Name, i+1, len(first))
	}
	return []*Manifest{m}, m.write()
}

func writeMultilog(src, dir string, e *Entry, r map[string]string) error {
	start, err := epoch(r["start_epoch_utc"])
	if err != nil {
		return err
	}
	end, err := epoch(r["end_epoch_utc"])
	if err != nil {
		return err
	}
	service := ""
	if r["root_cause_node"] != "" {
		service = iotdbNode(r["root_cause_node"]).Service
	}
	causes, err := causesOf("iotdb-multilog", r["inject_kind"], r["root_cause_node"], service, windowJSON{From: start, To: end})
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(src, "sample", r["case"], "label*.log.gz"))
	if err != nil || len(files) == 0 {
		return errs.At(filepath.Join(src, "sample", r["case"]), 0, 0, "no logs")
	}
	w := windowJSON{From: start.Add(-5 * time.Second), To: end.Add(5 * time.Second)}
	b := newBundle(dir)
	var t topologyJSON
	boot, said := w.From, witnesses{}
	for i, f := range files {
		node := fmt.Sprintf("iotdb%d", i)
		t.Nodes = append(t.Nodes, iotdbNode(node))
		rs, err := readRecords(f, 0, unlabel)
		if err != nil {
			return err
		}
		rs = mergeRecords(rs)
		if len(rs) > 0 && rs[0].at.Before(boot) {
			boot = rs[0].at
		}
		said.hear(node, rs, w.To)
		e.Records += len(rs)
		b.member("logs/"+node+".log.zst", func(w *bufio.Writer) error { return writeRecords(w, rs) })
	}
	e.Roles = said.roles(w.From)
	b.json("incident.json", incidentJSON{
		Version: 1, ID: e.ID, Title: "cluster misbehaves", System: "iotdb", Window: &w, Baseline: window(boot, w.From),
		Alert: &alertJSON{Name: "ClusterHealth", At: w.From}, LogZone: "UTC",
	})
	b.json("topology.json", t)
	b.json("truth.json", truthJSON{Causes: causes, Split: e.Split})
	return b.close()
}

// epoch reads Unix seconds with a fraction.
func epoch(s string) (time.Time, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return time.Time{}, errs.New(errs.Invalid, "%q is no time", s)
	}
	return time.UnixMilli(int64(f*1000 + .5)).UTC(), nil
}
