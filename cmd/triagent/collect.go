package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"triagent/collect"
	"triagent/incident"
	"triagent/internal/app"
	"triagent/internal/errs"
)

type collectCmd struct {
	Config   string        `required:"" help:"File of settings (YAML) that declares the system." placeholder:"FILE"`
	System   string        `help:"Which of the declared systems. Default: the only one." placeholder:"NAME"`
	From     string        `required:"" help:"Begin of the window to examine: RFC 3339, or how long ago, as 15m." placeholder:"T"`
	To       string        `default:"now" help:"End of the window: RFC 3339, now, or how long ago, as 5m." placeholder:"T"`
	Baseline time.Duration `default:"30m" help:"How long a normal time before the window to collect, to compare with. 0: none." placeholder:"D"`
	Node     string        `help:"Node that it is about: it and its neighbours are collected first." placeholder:"NODE"`
	Within   time.Duration `help:"How long it may take. Default: as declared, or 30s." placeholder:"D"`
	Out      string        `required:"" help:"Where the bundle goes: a folder, .tar, .tar.gz, .tar.zst or .zip; must not exist." placeholder:"DIR"`
}

// Help shows examples.
func (collectCmd) Help() string {
	return `Asks the sources of a declared system for what they remember of a span of time, and writes it as a bundle. Nothing is diagnosed and nothing
is changed. A source that cannot be asked costs only itself: the bundle says what is missing.

Examples:
  triagent collect --config triagent.yaml --from 15m --out incident
  triagent collect --config triagent.yaml --system plant --from 2026-11-21T10:00:00Z --to 2026-11-21T10:10:00Z --out incident.tar.zst
  triagent diagnose incident.tar.zst`
}

// baselineGap lies between baseline and window: trouble begins before one sees it.
const baselineGap = 2 * time.Minute

// Run collects one bundle.
func (c *collectCmd) Run(ctx context.Context, w world) error {
	s, err := app.ReadSettings(ctx, c.Config)
	if err != nil {
		return err
	}
	now := time.Now()
	from, err := when("--from", c.From, now)
	if err != nil {
		return err
	}
	to, err := when("--to", c.To, now)
	if err != nil {
		return err
	}
	if !to.After(from) {
		return errs.New(errs.Invalid, "--to %s is not after --from %s", c.To, c.From)
	}
	inc := incident.Incident{
		ID: incident.ID("collected-" + from.UTC().Format("20060102T150405Z")), Title: "collected by hand",
		Window: incident.Window{From: from, To: to}, Alert: incident.Alert{Node: incident.NodeID(c.Node)},
	}
	if c.Baseline > 0 {
		end := from.Add(-min(baselineGap, c.Baseline/2))
		inc.Baseline = incident.Window{From: end.Add(-c.Baseline), To: end}
	}
	told := &teller{out: w.stderr}
	got, err := app.Collect(ctx, s, c.System, collect.Ask{Incident: inc, Within: c.Within, Progress: told.progress}, c.Out)
	if err != nil {
		return err
	}
	for _, m := range got.Missing {
		if _, err := fmt.Fprintf(w.stderr, "missing: %s: %s\n", m.What, m.Why); err != nil {
			return err
		}
	}
	for _, u := range got.Sources {
		if _, err := fmt.Fprintf(w.stdout, "%s: %s in %.1f s\n", u.Name, u.Gave, u.Took.Seconds()); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w.stdout, c.Out)
	return err
}

// when reads a time: RFC 3339, "now", or how long ago.
func when(flag, text string, now time.Time) (time.Time, error) {
	if text == "now" {
		return now, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d.Abs()), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, errs.New(errs.Invalid, "%s %q is neither a time as 2026-11-21T10:00:00Z nor how long ago, as 15m", flag, text)
	}
	return t, nil
}

// teller prints where the sources stand.
type teller struct {
	mu  sync.Mutex
	out io.Writer
}

func (t *teller) progress(p collect.Progress) {
	if !p.Done || p.Stage == "write" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.Err != nil {
		_, _ = fmt.Fprintf(t.out, "%s: %s failed: %v\n", p.Source, p.Stage, p.Err) // progress is not worth an end
		return
	}
	_, _ = fmt.Fprintf(t.out, "%s: %s done\n", p.Source, p.Stage)
}
