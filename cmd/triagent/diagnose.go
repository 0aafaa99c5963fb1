package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"triagent/demo"
	"triagent/incident"
	"triagent/report"
)

type diagnoseCmd struct {
	Engine    string   `help:"Engine: builtin, or auto, which is the best there is." enum:"builtin,auto" default:"auto"`
	Format    string   `help:"Form of the result: ${enum}." enum:"text,json,markdown,html,table,evidence" default:"text"`
	Tokens    int      `help:"With --format evidence: at most so many tokens of a language model, by estimate." default:"4000" placeholder:"N"`
	Lang      string   `help:"Language of the result: ${enum}." enum:"en,zh" default:"en"`
	Knowledge []string `help:"Folder with YAML files that extend the built-in knowledge; may be repeated." placeholder:"DIR" sep:"none"`
	Memory    []string `help:"Solved cases to learn from: a file made by triagent memory, or a folder of bundles with their truth.json; may be repeated." placeholder:"FILE|DIR" sep:"none"`
	Out       string   `help:"Write the result to this file, whole or not at all." placeholder:"FILE"`
	Reports   string   `help:"Also write an HTML report for every incident, and an index.html, into this folder." placeholder:"DIR"`
	Jobs      int      `help:"Diagnoses at once, or agents at once in a single one; 0: one a processor. The result does not depend on it." placeholder:"N"`
	Progress  string   `help:"Progress on standard error: auto (a bar, on a terminal only), plain (every step, one a line) or none." enum:"auto,plain,none" default:"auto"`
	Bundled   bool     `help:"Diagnose the incidents that come with the program, and compare with the recorded faults."`
	Bundles   []string `arg:"" optional:"" name:"bundle" help:"Folder, .tar, .tar.gz, .tar.zst or .zip."`
}

// leastTokens is room for the head of an evidence text and some rows.
const leastTokens = 300

// Help shows examples.
func (diagnoseCmd) Help() string {
	return `Several bundles are diagnosed at the same time; results come in the order given. With --format json each is one object a line,
also where a bundle could not be read. Exit status: 0 done, whatever the verdict; 1 failed; 2 wrong usage or bad input; 3 some of
several failed; 130 interrupted.

--format evidence writes no verdict: the evidence itself in its shortest form, by node, for a language model or a ticket. Most telling
first, under the IDs of the other forms, with metrics and log templates that no evidence speaks of, and what did not fit counted.

Examples:
  triagent diagnose incident/
  triagent diagnose --format json *.tar.zst | jq -r '[.incident,.verdict,.causes[0].node] | @tsv'
  triagent diagnose --lang zh --format html --out report.html incident.zip
  triagent diagnose --format evidence --tokens 2000 incident/
  triagent diagnose --bundled --format table --reports reports/`
}

// Validate checks what the grammar cannot.
func (c *diagnoseCmd) Validate() error {
	switch {
	case c.Jobs < 0:
		return fmt.Errorf("--jobs is %d, want 0 or more", c.Jobs)
	case c.Tokens < leastTokens:
		return fmt.Errorf("--tokens is %d, want %d or more", c.Tokens, leastTokens)
	case c.Bundled && len(c.Bundles) > 0:
		return fmt.Errorf("--bundled takes no bundle of your own")
	case !c.Bundled && len(c.Bundles) == 0:
		return fmt.Errorf("no bundle given: name one, or say --bundled")
	}
	return nil
}

// Run diagnoses the bundles.
func (c *diagnoseCmd) Run(ctx context.Context, w world) error {
	paths := c.Bundles
	if c.Bundled {
		dir, err := os.MkdirTemp("", "triagent-")
		if err != nil {
			return fmt.Errorf("make room for the bundled incidents: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if paths, err = demo.Extract(dir); err != nil {
			return err
		}
	}
	bundles, agents := split(c.Jobs, len(paths))
	engine, err := w.open(ctx, engineConfig{Knowledge: c.Knowledge, Memory: c.Memory, Jobs: agents})
	if err != nil {
		return err
	}
	d := &diagnosis{cmd: c, w: w, engine: engine, paths: paths}
	err = d.run(ctx, bundles)
	if closeErr := engine.Close(); err == nil {
		err = closeErr
	}
	return err
}

// split divides jobs between bundles at once and agents at once in each.
func split(jobs, bundles int) (atOnce, agents int) {
	if jobs == 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	atOnce = max(1, min(jobs, bundles))
	return atOnce, max(1, jobs/atOnce)
}

// diagnosis is one run of the command.
type diagnosis struct {
	cmd    *diagnoseCmd
	w      world
	engine diagnoser
	paths  []string
	watch  watcher

	mu     sync.Mutex
	done   []*outcome // by path; nil: not yet, or handed out
	next   int        // first path that was not handed out
	failed int
	first  error // of the bundles that failed
	out    *output
}

// outcome is what came of a bundle.
type outcome struct {
	report.Result
	text string // with --format evidence
}

func (d *diagnosis) run(ctx context.Context, atOnce int) error {
	var err error
	if d.out, err = newOutput(d.cmd, d.w, d.engine.Word, len(d.paths)); err != nil {
		return err
	}
	defer d.out.discard()
	d.watch = newWatcher(d.cmd, d.w, d.out.options, len(d.paths))
	d.done = make([]*outcome, len(d.paths))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range d.paths {
		g.Go(func() error { return d.one(gctx, i) })
	}
	err = g.Wait()
	d.watch.end()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return d.finish()
}

// one diagnoses a bundle. Only what ends the whole run is an error.
func (d *diagnosis) one(ctx context.Context, i int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	path := d.paths[i]
	id := idOf(path)
	listen := d.watch.listener(i)
	found, err := d.engine.Diagnose(ctx, path, func(e incident.Event) {
		if o, ok := e.(incident.Opened); ok && o.Incident.ID != "" {
			id = o.Incident.ID
		}
		listen(e)
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	text := ""
	if err == nil && d.cmd.Format == formEvidence {
		text, err = d.brief(ctx, path, &found)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r := &outcome{report.Result{Diagnosis: found, Err: err, Known: d.known(path)}, text}
	if err != nil {
		r.Diagnosis = incident.Diagnosis{}
		r.Diagnosis.Incident.ID = id
	}
	d.watch.finished(i)
	return d.deliver(i, r)
}

// brief is the evidence text of a diagnosis.
func (d *diagnosis) brief(ctx context.Context, path string, found *incident.Diagnosis) (string, error) {
	b, err := d.engine.Brief(ctx, path, found, d.cmd.Tokens)
	return b.String(), err
}

// deliver hands results out in the order of the paths.
func (d *diagnosis) deliver(i int, r *outcome) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done[i] = r
	for ; d.next < len(d.done) && d.done[d.next] != nil; d.next++ {
		r := d.done[d.next]
		d.done[d.next] = nil
		if r.Err != nil {
			d.failed++
			err := named(d.paths[d.next], r.Err)
			if d.first == nil {
				d.first = err
			}
			if len(d.paths) > 1 {
				d.watch.message(err.Error())
			}
		}
		if err := d.out.add(*r); err != nil {
			return err
		}
	}
	return nil
}

// named puts the bundle in front of an error that does not name it.
func named(path string, err error) error {
	if strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// finish writes what is left and says how it went.
func (d *diagnosis) finish() error {
	if d.failed == 1 && len(d.paths) == 1 {
		if err := d.out.finish(d.cmd.Format == "json"); err != nil {
			return err
		}
		return d.first
	}
	if err := d.out.finish(true); err != nil {
		return err
	}
	if d.failed > 0 {
		return partly{failed: d.failed, all: len(d.paths)}
	}
	return nil
}

// known is what is on record of a bundled incident.
func (d *diagnosis) known(path string) report.Known {
	if !d.cmd.Bundled {
		return report.Known{}
	}
	r, ok := demo.Recorded(filepath.Base(path))
	if !ok {
		return report.Known{}
	}
	k := report.Known{Recorded: true}
	if len(r.Causes) > 0 {
		c := r.Causes[0]
		k.Node, k.Fault = incident.NodeID(c.Node), incident.Fault(c.Fault)
		for _, a := range c.Accept {
			k.Accept = append(k.Accept, incident.Fault(a))
		}
	}
	return k
}

// idOf names an incident after its bundle, until the bundle tells its ID.
func idOf(path string) incident.ID {
	name := filepath.Base(filepath.Clean(path))
	for _, ext := range []string{".tar.gz", ".tar.zst", ".tgz", ".tar", ".zip"} {
		if s, ok := strings.CutSuffix(name, ext); ok && s != "" {
			return incident.ID(s)
		}
	}
	return incident.ID(name)
}
