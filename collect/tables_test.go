package collect_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"triagent/collect"
	"triagent/connectors"
	"triagent/telemetry"
)

// gauges hands over metrics of one node of which each has its own times.
func gauges(metrics, samples int, every time.Duration) *scripted {
	return &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		for i := range metrics {
			x := connectors.Series{Node: "n1", Name: fmt.Sprintf("gauge_%d", i)}
			for k := range samples {
				at := begin.Add(time.Duration(k)*time.Minute + time.Duration(i)*every)
				x.Times, x.Values = append(x.Times, at.UnixNano()), append(x.Values, float64(i))
			}
			if err := to.Series(x); err != nil {
				return err
			}
		}
		return nil
	}}
}

// TestManyTimes collects 12,000 metrics of which none shares its time with
// another: neither collecting nor what is collected costs times by metrics, no
// metric is lost, and what was changed is said.
func TestManyTimes(t *testing.T) {
	s := collect.System{Name: "shop", Sources: []collect.Source{named("otlp", gauges(12_000, 1, 300*time.Millisecond))}}
	dst := filepath.Join(t.TempDir(), "b")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := s.Bundle(t.Context(), collect.Ask{Incident: ask, Scratch: t.TempDir()}, dst)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 100 {
		t.Errorf("%d MB were taken", took)
	}
	b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	table := b.Tables[0]
	if n := len(table.Times) * len(table.Columns); n > 8<<20 || len(table.Columns) != 12_000 {
		t.Errorf("%d rows by %d columns", len(table.Times), len(table.Columns))
	}
	for i, c := range table.Columns {
		if n, at := one(&c); n != 1 || table.Times[at] > begin.Add(time.Duration(i)*300*time.Millisecond).UnixNano() && c.Name == "gauge_"+fmt.Sprint(i) {
			t.Fatalf("%s has %d samples, the last in row %d", c.Name, n, at)
		}
	}
	if r := b.Collected.Reductions; len(r) != 1 || r[0].In != 12_000 || r[0].Out != 12_000 || !strings.Contains(r[0].How, "12000 metrics of n1") {
		t.Errorf("reductions %+v", r)
	}
}

// one counts the samples of a column and says where the last one is.
func one(c *telemetry.Column) (n, at int) {
	for i, v := range c.Values {
		if v == v {
			n, at = n+1, i
		}
	}
	return n, at
}

// TestFewTimes leaves tables with gaps as they are while they are small.
func TestFewTimes(t *testing.T) {
	b, got := gather(t, collect.Ask{Incident: ask}, named("otlp", gauges(200, 20, 17*time.Millisecond)))
	if n := len(b.Tables[0].Times); n != 4000 || len(got.Reductions) != 0 {
		t.Errorf("%d rows, reductions %+v", n, got.Reductions)
	}
}

// TestOneName hands over thousands of metrics of one name: their columns are told
// apart by short names.
func TestOneName(t *testing.T) {
	same := &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		for range 6000 {
			if err := to.Series(connectors.Series{Node: "n1", Name: "cpu", Times: at(61), Values: []float64{1}}); err != nil {
				return err
			}
		}
		return nil
	}}
	b, _ := gather(t, collect.Ask{Incident: ask}, named("liar", same))
	columns := b.Tables[0].Columns
	if last := columns[len(columns)-1].Name; len(columns) != 6000 || last != "cpu (liar 5999)" {
		t.Errorf("%d columns, the last %.80q", len(columns), last)
	}
}

// BenchmarkTables writes ten nodes of 300 metrics that share their times.
func BenchmarkTables(b *testing.B) {
	src := &scripted{give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		x := connectors.Series{Times: make([]int64, 280), Values: make([]float64, 280)}
		for i := range x.Times {
			x.Times[i], x.Values[i] = begin.Add(time.Duration(i)*15*time.Second).UnixNano(), float64(i)/3
		}
		for n := range 10 {
			for i := range 300 {
				x.Node, x.Name = fmt.Sprintf("n%d", n), fmt.Sprintf("metric_%d", i)
				if err := to.Series(x); err != nil {
					return err
				}
			}
		}
		return nil
	}}
	s := collect.System{Name: "shop", Sources: []collect.Source{named("prom", src)}}
	for i := 0; b.Loop(); i++ {
		if _, err := s.Bundle(b.Context(), collect.Ask{Incident: ask, Scratch: b.TempDir()}, filepath.Join(b.TempDir(), fmt.Sprint(i))); err != nil {
			b.Fatal(err)
		}
	}
}
