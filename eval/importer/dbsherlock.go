package importer

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"triagent/internal/errs"
)

// sherlockNode is the one node of the set: a database server.
const sherlockNode = "db"

// sherlockStart is the arbitrary day of the first run; the set has no times but
// the second of each row. Every run gets a day of its own.
var sherlockStart = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)

// importDBSherlock imports the runs of DBSherlock (Yoon, Niu and Mozafari,
// "DBSherlock: A Performance Diagnostic Tool for Transactional Databases",
// SIGMOD 2016): one node, 92 metrics at 1 Hz, the whole run and neither window,
// baseline nor alert. Truth: the abnormal rows of index.csv. The label column
// is_abnormal stays out of the bundle.
func importDBSherlock(ctx context.Context, src, dst string, p Progress) ([]*Manifest, error) {
	rows, err := readTable(filepath.Join(src, "index.csv"))
	if err != nil {
		return nil, err
	}
	sets := map[string]*Manifest{}
	var order []*Manifest
	for i, r := range rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := sets[r["kind"]]
		if m == nil {
			name := "dbsherlock-" + r["kind"]
			m = &Manifest{
				Name: name, Kind: DBSherlock, System: "mysql", Dir: filepath.Join(dst, name),
				Notes: "Whole run, no window, no baseline, no alert. One node: node figures mean nothing.",
			}
			if err := m.begin(); err != nil {
				return nil, err
			}
			sets[r["kind"]] = m
			order = append(order, m)
		}
		e, err := sherlockCase(src, m, r, sherlockStart.AddDate(0, 0, i))
		if err != nil {
			return nil, err
		}
		m.Cases = append(m.Cases, e)
		p(m.Name, len(m.Cases), len(rows))
	}
	for _, m := range order {
		if err := m.write(); err != nil {
			return nil, err
		}
	}
	return order, nil
}

func sherlockCase(src string, m *Manifest, r map[string]string, start time.Time) (Entry, error) {
	id := fmt.Sprintf("%s-%02d", r["kind"], len(m.Cases)+1)
	file := filepath.Join(src, filepath.FromSlash(r["file"]))
	first, err1 := strconv.Atoi(r["abnormal_first_row_1based"])
	last, err2 := strconv.Atoi(r["abnormal_last_row_1based"])
	if err1 != nil || err2 != nil {
		return Entry{}, errs.At(filepath.Join(src, "index.csv"), 0, 0, "%s: abnormal rows are no numbers", r["file"])
	}
	table, times, err := sherlockTable(file, start)
	if err != nil {
		return Entry{}, err
	}
	if first < 1 || last < first || last > len(times) {
		return Entry{}, errs.At(file, 0, 0, "abnormal rows %d to %d of %d", first, last, len(times))
	}
	causes, err := causesOf("dbsherlock", r["cause"], sherlockNode, "database",
		windowJSON{From: times[first-1], To: times[last-1].Add(time.Second)})
	if err != nil {
		return Entry{}, err
	}
	e := Entry{ID: id, Path: "cases/" + id, Part: PartCase, Split: m.Name + "/" + id}
	b := newBundle(filepath.Join(m.Dir, "cases", id))
	b.json("incident.json", incidentJSON{Version: 1, ID: id, Title: "slow transactions", System: m.System})
	b.json("topology.json", topologyJSON{Nodes: []nodeJSON{{ID: sherlockNode, Service: "database"}}})
	b.json("truth.json", truthJSON{Causes: causes, Split: e.Split})
	b.member("metrics/"+sherlockNode+".csv", func(w *bufio.Writer) error { return csv.NewWriter(w).WriteAll(table) })
	return e, b.close()
}

// sherlockTable reads a run: the rows of its metrics with a time in place of
// the second, and without the label.
func sherlockTable(file string, start time.Time) ([][]string, []time.Time, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, nil, errs.At(file, 0, 0, "%w", err)
	}
	n := len(rows[0])
	if rows[0][0] != "Epoch" || rows[0][n-1] != "is_abnormal" {
		return nil, nil, errs.At(file, 1, 1, "not a run: header begins with %q and ends with %q", rows[0][0], rows[0][n-1])
	}
	var times []time.Time
	for i, r := range rows {
		rows[i] = r[:n-1]
		if i == 0 {
			r[0] = "time"
			continue
		}
		sec, err := strconv.Atoi(r[0])
		if err != nil {
			return nil, nil, errs.At(file, i+1, 1, "%w", err)
		}
		t := start.Add(time.Duration(sec) * time.Second)
		times = append(times, t)
		r[0] = strconv.FormatInt(t.Unix(), 10)
	}
	return rows, times, nil
}

// readTable reads a CSV file with a header into one map a row.
func readTable(file string) ([]map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, File: file, Err: err, Remedy: "is this the folder of the data set?"}
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, errs.At(file, 0, 0, "%w", err)
	}
	if len(rows) == 0 {
		return nil, errs.At(file, 1, 0, "no header")
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = r[i]
		}
		out = append(out, m)
	}
	return out, nil
}
