package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"triagent/collect"
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
	s, err := app.ReadSettings(c.Config)
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
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // Flush tells
	p("system %s (%s)\n", inv.System, inv.Kind)
	for _, src := range inv.Sources {
		if src.Err != nil {
			p("  %s\t%s\tFAILED: %v\n", src.Name, src.At, src.Err)
			continue
		}
		p("  %s\t%s\t%d nodes in %.1f s\n", src.Name, src.At, len(src.Found.Nodes), src.Took.Seconds())
		for _, h := range src.Found.Holds {
			n := "some"
			if h.Count >= 0 {
				n = fmt.Sprint(h.Count)
			}
			p("  \t  %s\t%s %s\t%s\n", h.What, n, h.Unit, h.Note)
		}
		for _, l := range src.Found.Lacks {
			p("  \t  lacks %s\t%s\t%s\n", l.What, l.Why, l.Remedy)
		}
	}
	p("  nodes:\n")
	for _, n := range inv.Topology.Nodes {
		p("    %s\t%s\t%s\t%s\n", n.ID, n.Service, n.Host, inv.RolesOf(n.ID))
	}
	p("\n")
	return t.Flush()
}
