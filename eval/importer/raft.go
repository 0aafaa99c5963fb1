package importer

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"triagent/internal/errs"
)

// The one incident of the Raft set, from its notes.
var (
	raftStart = time.Date(2023, 5, 27, 3, 1, 45, 800e6, time.UTC)
	raftEnd   = time.Date(2023, 5, 27, 3, 2, 47, 600e6, time.UTC)
	// The snapshots of docker stats have no stamps; they lie evenly between these.
	raftFirstStat = time.Date(2023, 5, 27, 3, 0, 37, 0, time.UTC)
	raftLastStat  = time.Date(2023, 5, 27, 3, 3, 48, 0, time.UTC)
)

const raftCulprit = "iotdb0" // inferred, see the notes of the set

// importRaft imports the one IoTDB incident that has Raft logs: folder node<n>
// is container iotdb<n-1>. The window is that of the notes, the baseline all
// before it. Each node's log files become one, by time. The members of the Raft
// groups go to the topology; the Raft state logs themselves stay out, since a
// bundle has no place for them.
func importRaft(ctx context.Context, src, dst string, p Progress) ([]*Manifest, error) {
	m := &Manifest{
		Name: "iotdb-raft", Kind: Raft, System: "iotdb", Dir: filepath.Join(dst, "iotdb-raft"),
		Notes: "One incident; the culprit was inferred by those who published it.",
	}
	e := Entry{ID: "raft-01", Path: memberPath("cases", "raft-01"), Part: PartCase, Split: "iotdb-raft/1"}
	root := filepath.Join(src, "iotdb")
	causes, err := causesOf("iotdb-raft", "full_cpu", raftCulprit, iotdbNode(raftCulprit).Service, windowJSON{From: raftStart, To: raftEnd})
	if err != nil {
		return nil, err
	}
	tables, err := dockerStats(filepath.Join(root, "metrics", "docker-stats.log"), raftFirstStat, raftLastStat)
	if err != nil {
		return nil, err
	}
	if err := m.begin(); err != nil {
		return nil, err
	}
	b := newBundle(filepath.Join(m.Dir, "cases", "raft-01"))
	b.json("truth.json", truthJSON{Causes: causes, Split: e.Split})
	var t topologyJSON
	begin := raftFirstStat
	for i := range 6 {
		node := fmt.Sprintf("iotdb%d", i)
		t.Nodes = append(t.Nodes, iotdbNode(node))
		rs, err := raftLogs(ctx, filepath.Join(root, "logs", fmt.Sprintf("node%dlogs", i+1)))
		if err != nil {
			return nil, err
		}
		if rs[0].at.Before(begin) {
			begin = rs[0].at
		}
		b.member("logs/"+node+".log.zst", func(w *bufio.Writer) error { return writeRecords(w, rs) })
		if table, ok := tables[node]; ok {
			b.member("metrics/"+node+".csv", table)
		}
	}
	if t.Groups, err = raftGroups(filepath.Join(root, "raft")); err != nil {
		return nil, err
	}
	b.json("topology.json", t)
	b.json("incident.json", incidentJSON{
		Version: 1, ID: e.ID, Title: "cluster misbehaves", System: "iotdb", Window: window(raftStart, raftEnd),
		Baseline: window(begin, raftStart), Alert: &alertJSON{Name: "ClusterHealth", At: raftStart}, LogZone: "UTC",
	})
	if err := b.close(); err != nil {
		return nil, err
	}
	m.Cases = []Entry{e}
	p(m.Name, 1, 1)
	return []*Manifest{m}, m.write()
}

// raftLogs reads all logs of a node. Where a component has a file for all
// levels, that one holds everything; else its other files are put together.
func raftLogs(ctx context.Context, dir string) ([]record, error) {
	var out []record
	for _, component := range []string{"confignode", "datanode"} {
		files, err := filepath.Glob(filepath.Join(dir, "log_"+component+"_*.log"))
		if err != nil {
			return nil, err
		}
		if all := filepath.Join(dir, "log_"+component+"_all.log"); slices.Contains(files, all) {
			files = []string{all}
		}
		for i, f := range files {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			rs, err := readRecords(f, i, asIs)
			if err != nil {
				return nil, err
			}
			out = append(out, rs...)
		}
	}
	if len(out) == 0 {
		return nil, errs.At(dir, 0, 0, "no logs")
	}
	return mergeRecords(out), nil
}

// raftGroups reads from the folders which nodes hold which group.
func raftGroups(dir string) ([]groupJSON, error) {
	members := map[string][]string{}
	for i := range 6 {
		regions, err := os.ReadDir(filepath.Join(dir, fmt.Sprintf("node%d", i+1)))
		if err != nil {
			return nil, err
		}
		for _, r := range regions {
			members[r.Name()] = append(members[r.Name()], fmt.Sprintf("iotdb%d", i))
		}
	}
	var out []groupJSON
	for id, nodes := range members {
		out = append(out, groupJSON{ID: id, Members: nodes, Consensus: "ratis"})
	}
	slices.SortFunc(out, func(a, b groupJSON) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
