package importer

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
)

// How Nezha's cases are cut.
const (
	nezhaBefore  = 60 * time.Second  // window starts before the injection
	nezhaAfter   = 180 * time.Second // window ends after the injection
	nezhaAlarm   = 30 * time.Second  // alert after the injection
	nezhaOut     = 400 * time.Second // left out of the healthy minutes after each injection
	nezhaPreRoll = 90 * time.Second  // kept before the window, for alarms that come late
	nezhaLength  = nezhaBefore + nezhaAfter
)

// nezhaFault is a row of faults.csv.
type nezhaFault struct {
	at                  time.Time
	pod, service, label string
}

// nezhaDay is all that was recorded of one system on one day.
type nezhaDay struct {
	faults  []nezhaFault // by time
	metrics []podTable   // by pod
	logs    map[string][]stamped
	spans   []stamped // by start
	hosts   map[string]string
	first   time.Time // of the metrics
	last    time.Time
	damaged int // lines with something behind their last closing quote
}

// importNezha imports Nezha's two days (Yu et al., "Nezha: Interpretable
// Fine-Grained Root Causes Analysis for Microservices on Multi-modal
// Observability Data", FSE 2023), one set a system.
//
// A case is the window from 60 s before to 180 s after an injection, with the
// alert 30 s after it. Its bundle holds the samples, lines and spans of that
// window, of the 90 s before it, and of the day's healthy minutes: those outside
// every listed fault, 400 s from each injection on left out. Nothing is thinned.
// Since a bundle has one baseline window, it spans the day: whoever reads it must
// take the window (and what it examines before it) out of the baseline. Rows that
// stand in several of the overlapping minute files are taken once. Per-pod data
// only: the set's service-level files stay out.
//
// Healthy windows of the same length are cut where the 240 s before an injection
// lie outside every listed fault, so that they hold a minute of logs and spans as
// the faulty ones do; they are marked as drawn and share the split of that injection.
func importNezha(ctx context.Context, src, dst string, p Progress) ([]*Manifest, error) {
	rows, err := readTable(filepath.Join(src, "faults.csv"))
	if err != nil {
		return nil, err
	}
	byDay := map[[2]string][]nezhaFault{}
	var days [][2]string
	for _, r := range rows {
		sec, err := strconv.ParseInt(r["inject_epoch"], 10, 64)
		if err != nil {
			return nil, errs.At(filepath.Join(src, "faults.csv"), 0, 0, "inject_epoch: %w", err)
		}
		k := [2]string{r["system"], r["date"]}
		if byDay[k] == nil {
			days = append(days, k)
		}
		byDay[k] = append(byDay[k], nezhaFault{time.Unix(sec, 0).UTC(), r["root_cause_pod"], r["root_cause_service"], r["fault_type"]})
	}
	var out []*Manifest
	for _, k := range days {
		day, err := readNezhaDay(src, k[1])
		if err != nil {
			return nil, err
		}
		day.faults = byDay[k]
		slices.SortFunc(day.faults, func(a, b nezhaFault) int { return a.at.Compare(b.at) })
		m, err := day.write(ctx, dst, strings.ToLower(k[0]), p)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// healthy reports whether t lies outside every listed fault.
func (d *nezhaDay) healthy(t int64) bool {
	i, _ := slices.BinarySearchFunc(d.faults, t, func(f nezhaFault, t int64) int { return cmp.Compare(f.at.UnixNano(), t+1) })
	return i == 0 || t >= d.faults[i-1].at.Add(nezhaOut).UnixNano()
}

// nezhaCase is what a bundle is cut for.
type nezhaCase struct {
	id    string
	from  time.Time // of the window
	split string
	fault *nezhaFault // nil: healthy
}

// cases lists the injections, then the healthy stretches.
func (d *nezhaDay) cases(system string) []nezhaCase {
	var out, calm []nezhaCase
	for i := range d.faults {
		f := &d.faults[i]
		split := system + "/" + f.at.Format(time.RFC3339)
		out = append(out, nezhaCase{fmt.Sprintf("%s-%02d", system, i+1), f.at.Add(-nezhaBefore), split, f})
		from := f.at.Add(-nezhaLength)
		if from.Before(d.first) || (i > 0 && from.Before(d.faults[i-1].at.Add(nezhaOut))) {
			continue
		}
		calm = append(calm, nezhaCase{fmt.Sprintf("%s-h%02d", system, len(calm)+1), from, split, nil})
	}
	return append(out, calm...)
}

func (d *nezhaDay) write(ctx context.Context, dst, system string, p Progress) (*Manifest, error) {
	name := "nezha-" + system
	m := &Manifest{
		Name: name, Kind: Nezha, System: system, Dir: filepath.Join(dst, name),
		Notes: "Window: injection - 60 s to + 180 s. Baseline: the day's minutes outside every listed fault (400 s after each left out); the bundle holds nothing else. " +
			"Healthy windows are drawn: the 240 s before an injection where they lie outside every fault.",
	}
	if d.damaged > 0 {
		m.Notes += fmt.Sprintf(" %d log lines had the end of another line behind them; that end was dropped.", d.damaged)
	}
	if err := m.begin(); err != nil {
		return nil, err
	}
	m.Doubts = d.doubts()
	cases := d.cases(system)
	var mu sync.Mutex
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, c := range cases {
		m.Cases = append(m.Cases, Entry{ID: c.id, Path: "cases/" + c.id, Split: c.split, Part: PartCase, Drawn: c.fault == nil})
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := d.writeCase(filepath.Join(m.Dir, "cases", c.id), c); err != nil {
				return fmt.Errorf("case %s: %w", c.id, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			p(name, done, len(cases))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return m, m.write()
}
