// Package loghub measures the template miner on Loghub-2k, the corrected
// labels: GA, PA, FGA and FTA as Loghub-2.0 defines them, one configuration for
// all systems.
//
// A data set is a folder with one folder a system, each with
// <system>_2k.log_structured_corrected.csv, whose columns Content and
// EventTemplate are read, and <system>_2k.log, the raw lines.
package loghub

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"triagent/compress"
	"triagent/internal/errs"
)

// Result is the outcome for one system.
type Result struct {
	System    string
	Lines     int
	Templates int // found
	Truth     int // true ones
	Scores
	Wall time.Duration // mining alone
}

// Report is the outcome for all systems, by name, with the plain means.
type Report struct {
	Results []Result
	Mean    Scores
}

// Message is one line of a labelled system.
type Message struct {
	Content  string // without header
	Template string // the true one
}

// Run mines every system under dir and scores it. It returns an error of kind
// errs.NotFound if there is none and errs.Invalid for a file that cannot be read as a table.
func Run(ctx context.Context, dir string) (Report, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*_structured_corrected.csv"))
	if err != nil || len(files) == 0 {
		return Report{}, &errs.Error{
			Op: "loghub", Kind: errs.NotFound, File: dir, Err: fmt.Errorf("no */*_structured_corrected.csv"),
			Remedy: "name the folder that holds one folder a system",
		}
	}
	slices.Sort(files)
	var r Report
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return Report{}, fmt.Errorf("loghub: %w", err)
		}
		ms, err := Read(f)
		if err != nil {
			return Report{}, err
		}
		r.Results = append(r.Results, mine(filepath.Base(filepath.Dir(f)), ms))
	}
	n := float64(len(r.Results))
	for _, x := range r.Results {
		r.Mean.GA += x.GA / n
		r.Mean.PA += x.PA / n
		r.Mean.FGA += x.FGA / n
		r.Mean.FTA += x.FTA / n
	}
	return r, nil
}

func mine(system string, ms []Message) Result {
	start := time.Now()
	found := Templates(ms)
	wall := time.Since(start)
	truth := make([]string, len(ms))
	for i, m := range ms {
		truth[i] = m.Template
	}
	return Result{
		System: system, Lines: len(ms), Templates: distinct(found), Truth: distinct(truth),
		Scores: Score(truth, found), Wall: wall,
	}
}

// Templates returns the template that the miner finds for each message.
func Templates(ms []Message) []string {
	m := compress.NewMiner(compress.Config{})
	ids := make([]int, len(ms))
	for i, x := range ms {
		ids[i] = m.Add([]byte(x.Content))
	}
	out := make([]string, len(ms))
	for i, id := range ids {
		out[i] = m.Template(id)
	}
	return out
}

func distinct(list []string) int {
	seen := map[string]bool{}
	for _, s := range list {
		seen[s] = true
	}
	return len(seen)
}

// Read reads the messages of a labelled system.
func Read(file string) ([]Message, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &errs.Error{Op: "loghub", Kind: errs.NotFound, File: file, Err: err}
	}
	defer f.Close() //nolint:errcheck // only read from
	r := csv.NewReader(f)
	head, err := r.Read()
	if err != nil {
		return nil, &errs.Error{Op: "loghub", Kind: errs.Invalid, File: file, Line: 1, Err: err}
	}
	content, template := slices.Index(head, "Content"), slices.Index(head, "EventTemplate")
	if content < 0 || template < 0 {
		return nil, errs.At(file, 1, 0, "no column Content or EventTemplate in %q", head)
	}
	var ms []Message
	for {
		row, err := r.Read()
		if err == io.EOF {
			return ms, nil
		}
		if err != nil {
			return nil, &errs.Error{Op: "loghub", Kind: errs.Invalid, File: file, Err: err}
		}
		ms = append(ms, Message{row[content], row[template]})
	}
}

// String prints the report as a table.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s %6s %6s %6s %6s %6s %6s %6s\n", "system", "lines", "found", "true", "GA", "PA", "FGA", "FTA")
	for _, x := range r.Results {
		fmt.Fprintf(&b, "%-14s %6d %6d %6d %6.3f %6.3f %6.3f %6.3f\n", x.System, x.Lines, x.Templates, x.Truth, x.GA, x.PA, x.FGA, x.FTA)
	}
	fmt.Fprintf(&b, "%-14s %6s %6s %6s %6.3f %6.3f %6.3f %6.3f\n", "mean", "", "", "", r.Mean.GA, r.Mean.PA, r.Mean.FGA, r.Mean.FTA)
	return b.String()
}
