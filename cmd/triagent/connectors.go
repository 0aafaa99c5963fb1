package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"triagent/collect"
	"triagent/connectors"
	"triagent/internal/app"
	"triagent/internal/errs"
)

// checkConnectorsCmd is "triagent check connectors".
type checkConnectorsCmd struct {
	Config string        `required:"" help:"File of settings (YAML) that declares the systems." placeholder:"FILE"`
	System string        `help:"Only this system." placeholder:"NAME"`
	Last   time.Duration `default:"1h" help:"How far back to look for nodes and series." placeholder:"D"`
}

// Help shows examples.
func (checkConnectorsCmd) Help() string {
	return `Asks every source of the declared systems whom and what it knows, and says what was found, what is missing and what would help. It reads no
samples and changes nothing. The status is 1 if a source could not be asked.

Examples:
  triagent check connectors --config triagent.yaml
  triagent check connectors --config triagent.yaml --system plant`
}

// Run prints what every source knows.
func (c *checkConnectorsCmd) Run(ctx context.Context, w world) error {
	s, err := app.ReadSettings(ctx, c.Config)
	if err != nil {
		return err
	}
	found, err := app.Discover(ctx, s, c.System, c.Last)
	if err != nil {
		return err
	}
	failed := 0
	for _, inv := range found {
		if err := printInventory(w.stdout, inv); err != nil {
			return err
		}
		failed += inv.Failed()
	}
	if failed > 0 {
		return errs.New(errs.Unavailable, "%d sources could not be asked", failed)
	}
	return nil
}

func printInventory(out io.Writer, inv collect.Inventory) error {
	var b strings.Builder
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) } // never fails
	p("system %s (%s)\n", inv.System, cmp.Or(inv.Kind, "of no known kind"))
	for _, src := range inv.Sources {
		p("  %s, %s\n", src.Name, src.At)
		if src.Err != nil {
			p("    FAILED: %v\n", src.Err)
			continue
		}
		p("    found %d nodes in %.1f s\n", len(src.Found.Nodes), src.Took.Seconds())
		for _, h := range src.Found.Holds {
			p("    holds %s\n", worded(h))
		}
		for _, l := range src.Found.Lacks {
			p("    lacks %s: %s\n", l.What, l.Why)
			if l.Remedy != "" {
				p("      %s\n", l.Remedy)
			}
		}
	}
	p("  nodes\n")
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, n := range inv.Topology.Nodes {
		_, _ = fmt.Fprintf(t, "    %s\t%s\t%s\t%s\n", n.ID, n.Service, n.Host, inv.RolesOf(n.ID)) // Flush tells
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, joined(inv))
	return err
}

// joined says which nodes of several sources are taken for one, and by what, and
// which ones a source knows alone.
func joined(inv collect.Inventory) string {
	var b strings.Builder
	alone, tellers := make(map[string][]string), make(map[string]bool)
	for _, n := range inv.Topology.Nodes {
		list := inv.Joins[n.ID]
		for _, t := range list {
			tellers[t.Source] = true
		}
		if len(list) == 1 {
			alone[list[0].Source] = append(alone[list[0].Source], string(n.ID))
			continue
		}
		_, _ = fmt.Fprintf(&b, "    %s", n.ID) // never fails
		for _, t := range list {
			by := ""
			if t.By != "" {
				by = ", by " + t.By
			}
			_, _ = fmt.Fprintf(&b, "; %s: %s%s", t.Source, t.Name, by)
		}
		b.WriteByte('\n')
	}
	if len(tellers) < 2 {
		return "" // there is nothing to join
	}
	for _, src := range inv.Sources {
		if names := alone[src.Name]; len(names) > 0 {
			more := ""
			if n := len(names) - fewNames; n > 0 {
				names, more = names[:fewNames], fmt.Sprintf(" and %d more", n)
			}
			_, _ = fmt.Fprintf(&b, "    known to %s alone: %s%s\n", src.Name, strings.Join(names, ", "), more)
		}
	}
	return "  joined\n" + b.String()
}

// fewNames is how many nodes are named that one source knows alone.
const fewNames = 5

// worded is what a source holds in one line: "metrics: 312 series, of 6 nodes".
func worded(h connectors.Holding) string {
	text := h.What
	if h.Count >= 0 {
		text += ": " + strings.TrimSpace(fmt.Sprint(h.Count)+" "+h.Unit)
	}
	if h.Note != "" {
		text += " (" + h.Note + ")"
	}
	return text
}
