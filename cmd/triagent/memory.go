package main

import (
	"context"
	"fmt"

	"triagent/agents/casebook"
	"triagent/internal/whole"
)

type memoryCmd struct {
	Out       string   `help:"File to write; diagnose --memory reads it." required:"" placeholder:"FILE"`
	Knowledge []string `help:"Folder with YAML files that extend the built-in knowledge; may be repeated." placeholder:"DIR" sep:"none"`
	Jobs      int      `help:"Agents at once; 0: one a processor." placeholder:"N"`
	Paths     []string `arg:"" name:"path" help:"Folder of solved bundles, or a file of cases."`
}

// Help tells what for.
func (memoryCmd) Help() string {
	return `A solved bundle is one with a truth.json that says which node failed, with which fault, and in your own word (label). What is kept of it
is numbers without names of nodes, about 50 kB a case, so that the bundles themselves need not be kept or read again.

Examples:
  triagent memory --out cases.jsonl solved/
  triagent diagnose --memory cases.jsonl incident/`
}

// Run writes the cases of all paths to the file.
func (c *memoryCmd) Run(ctx context.Context, w world) error {
	file, err := whole.Create(c.Out)
	if err != nil {
		return badOutput(c.Out, err)
	}
	defer file.Discard()
	engine, err := w.open(ctx, engineConfig{Knowledge: c.Knowledge, Jobs: c.Jobs})
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close() }()
	var cases []casebook.Case
	for _, p := range c.Paths {
		more, err := engine.Remember(ctx, p)
		if err != nil {
			return err
		}
		cases = append(cases, more...)
	}
	if err := casebook.Write(file, cases); err != nil {
		return err
	}
	if err := file.Commit(); err != nil {
		return err
	}
	s := "s"
	if len(cases) == 1 {
		s = ""
	}
	_, err = fmt.Fprintf(w.stdout, "%d case%s in %s\n", len(cases), s, c.Out)
	return err
}
