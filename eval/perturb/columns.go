package perturb

import (
	"context"
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"triagent/telemetry"
)

// table makes an edit that writes a table in place of a member.
func table(t telemetry.Table) Edit {
	return func(_ io.Reader, to io.Writer) error { return writeTable(to, &t, 0) }
}

// writeTable writes a table as a bundle holds it, with the column of times at
// place at.
func writeTable(to io.Writer, t *telemetry.Table, at int) error {
	w := csv.NewWriter(to)
	row := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		row[i] = c.Name
	}
	if err := w.Write(slices.Insert(row, at, "time")); err != nil {
		return err
	}
	row = make([]string, 0, len(t.Columns)+1)
	for r, ns := range t.Times {
		row = row[:0]
		for _, c := range t.Columns {
			row = append(row, number(c.Values[r]))
		}
		if err := w.Write(slices.Insert(row, at, strconv.FormatInt(ns, 10))); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// number prints a sample; a gap is empty.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// renameMetrics keeps equal names equal over nodes, so that replicas can still
// be told from one another by what they do.
func renameMetrics(_ context.Context, c Case, _ *rand.Rand, to *Change) error {
	for _, t := range c.Bundle.Tables {
		t.Columns = slices.Clone(t.Columns)
		for i := range t.Columns {
			t.Columns[i].Name = nonsense(c.Seed, t.Columns[i].Name)
		}
		to.Edits[t.File] = table(t)
	}
	return nil
}

// nonsense is a name of sixteen consonants for another name: no word of any
// language, and no two alike.
func nonsense(seed uint64, name string) string {
	const letters = "bcdfghjklmnpqrtv"
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %q", seed, name) // a hash never fails
	v, out := h.Sum64(), make([]byte, 16)
	for i := range out {
		out[i] = letters[v>>(4*i)&15]
	}
	return string(out)
}

func shuffleColumns(_ context.Context, c Case, rng *rand.Rand, to *Change) error {
	for _, t := range c.Bundle.Tables {
		t.Columns = slices.Clone(t.Columns)
		rng.Shuffle(len(t.Columns), func(i, j int) { t.Columns[i], t.Columns[j] = t.Columns[j], t.Columns[i] })
		at := rng.IntN(len(t.Columns) + 1)
		to.Edits[t.File] = func(_ io.Reader, w io.Writer) error { return writeTable(w, &t, at) }
	}
	return nil
}

// resample leaves tables alone that have a sample a minute or fewer.
func resample(_ context.Context, c Case, _ *rand.Rand, to *Change) error {
	for _, t := range c.Bundle.Tables {
		if s := Step(&t); s > 0 && s < 55*time.Second {
			to.Edits[t.File] = table(byMinute(t))
		}
	}
	return nil
}

// Step is the usual distance of the samples of a table, their median; 0 where
// there are fewer than two.
func Step(t *telemetry.Table) time.Duration {
	var gaps []int64
	for i := 1; i < len(t.Times); i++ {
		gaps = append(gaps, t.Times[i]-t.Times[i-1])
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return time.Duration(gaps[len(gaps)/2])
}

// byMinute takes the means over whole minutes of the clock, each at the time of
// the last sample in it.
func byMinute(t telemetry.Table) telemetry.Table {
	out := telemetry.Table{Node: t.Node, File: t.File}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, telemetry.Column{Name: c.Name})
	}
	for i := 0; i < len(t.Times); {
		j := i
		for j < len(t.Times) && t.Times[j]/int64(time.Minute) == t.Times[i]/int64(time.Minute) {
			j++
		}
		out.Times = append(out.Times, t.Times[j-1])
		for k, c := range t.Columns {
			out.Columns[k].Values = append(out.Columns[k].Values, mean(c.Values[i:j]))
		}
		i = j
	}
	return out
}

// mean is that of the values that are no gaps; NaN if all are.
func mean(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// Without is a table less its rows in a window.
func Without(t telemetry.Table, from, to time.Time) telemetry.Table {
	lo, hi := from.UnixNano(), to.UnixNano()
	out := telemetry.Table{Node: t.Node, File: t.File}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, telemetry.Column{Name: c.Name})
	}
	for i, at := range t.Times {
		if at >= lo && at < hi {
			continue
		}
		out.Times = append(out.Times, at)
		for k, c := range t.Columns {
			out.Columns[k].Values = append(out.Columns[k].Values, c.Values[i])
		}
	}
	return out
}

// Hole is the change that takes what was measured in a window out of a bundle.
func Hole(b *telemetry.Bundle, to *Change, from, until time.Time) {
	for _, t := range b.Tables {
		to.Edits[t.File] = table(Without(t, from, until))
	}
}
