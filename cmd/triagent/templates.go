package main

import (
	"context"

	"triagent/compress"
)

type templatesCmd struct {
	Format string   `help:"Form of the result." enum:"csv,json" default:"csv"`
	Stats  bool     `help:"Print lines, bytes, templates, seconds, lines a second and peak memory instead."`
	Files  []string `arg:"" name:"file" help:"Log files, plain or compressed; - is standard input."`
}

// Help shows examples.
func (templatesCmd) Help() string {
	return `Writes "line,event_id,template" for every input line, in order; a variable part reads <*>.

Examples:
  triagent templates server.log > templates.csv
  zcat old.log.gz | triagent templates --format json -
  triagent templates --stats logs/*.log`
}

// Run turns the lines of the files into templates.
func (c *templatesCmd) Run(ctx context.Context, w world) error {
	in := make([]compress.Input, len(c.Files))
	for i, f := range c.Files {
		in[i] = compress.FileInput(f, w.stdin)
	}
	_, err := compress.Templates(ctx, in, w.stdout, compress.TemplateOptions{Format: c.Format, Stats: c.Stats})
	return err
}
