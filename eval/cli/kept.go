package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"triagent/eval/kept"
)

// KeptCmd is "triagent eval kept".
type KeptCmd struct {
	Sets     []string `arg:"" optional:"" name:"set" help:"Imported sets, or folders of them. None: every known set below --datasets."`
	Datasets string   `help:"Folder of the public data sets, for a run without a set." default:"datasets" env:"TRIAGENT_DATASETS" type:"path"`
	Cache    string   `help:"Folder for imported sets." type:"path"`
	Tokens   int      `help:"Budget of the text; 0: as triagent diagnose --format evidence." default:"0"`
	Jobs     int      `help:"Cases at once." default:"1"`
	Later    bool     `help:"The twelve cases that were labelled once the compressor was done."`
	Texts    string   `help:"Write the texts into this folder, one file a case." placeholder:"DIR" type:"path"`
}

// Run measures how short the evidence text is and which of the lines that bear
// the answer it keeps.
func (c *KeptCmd) Run(ctx context.Context, e *Env) error {
	run := RunCmd{Sets: c.Sets, Datasets: c.Datasets, Cache: c.Cache}
	sets, err := run.sets(ctx, e)
	if err != nil {
		return err
	}
	cfg := kept.Config{Sets: sets, Open: e.Open, Tokens: c.Tokens, Jobs: c.Jobs, Later: c.Later}
	if cfg.Open == nil {
		cfg.Open = Open
	}
	if c.Texts != "" {
		if err := os.MkdirAll(c.Texts, 0o755); err != nil {
			return err
		}
		cfg.Text = func(set, id, text string) error {
			name := strings.ReplaceAll(set+"."+id, string(filepath.Separator), "_") + ".txt"
			return os.WriteFile(filepath.Join(c.Texts, name), []byte(text), 0o600)
		}
	}
	report, err := kept.Run(ctx, cfg)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(e.Stdout, report.String())
	return err
}
