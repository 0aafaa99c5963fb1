package kept

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"triagent/compress"
	"triagent/eval"
	"triagent/eval/importer"
	"triagent/evidence/brief"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/knowledge"
	"triagent/telemetry"
)

// Config says what to measure. Open is needed.
type Config struct {
	Sets   []string // folders as eval.LoadSets takes them; those without labels are passed over
	Open   func(ctx context.Context, o eval.Options) (eval.Diagnoser, error)
	Tokens int  // budget of the text; 0: brief.Tokens
	Jobs   int  // cases at once; 0: one
	Later  bool // the cases that were labelled later
	// Text gets every text; nil: nobody does. It is called for several cases at once.
	Text func(set, id, text string) error
}

// Result is what came of one case.
type Result struct {
	Set, Case string
	Tokens    int
	Lines     int // labelled
	Kept      int // of them, told by the line itself or one that says the same
	Itself    int // of them, told by the line itself
	Lost      []Line
	Answers   bool // a line of the case bears the answer
}

// Report holds the results by set and case.
type Report struct{ Results []Result }

// Run measures the labelled cases of the sets. A set that is labelled and not
// among them is no error; none at all is one of kind errs.NotFound.
func Run(ctx context.Context, c Config) (*Report, error) {
	labels, err := Labels(c.Later)
	if err != nil {
		return nil, err
	}
	engine, err := c.Open(ctx, eval.Options{Jobs: 2})
	if err != nil {
		return nil, err
	}
	var work []task
	for _, dir := range c.Sets {
		sets, err := eval.LoadSets(ctx, dir)
		if err != nil {
			return nil, err
		}
		for _, m := range sets {
			work = append(work, tasks(m, labels)...)
		}
	}
	if len(work) == 0 {
		return nil, &errs.Error{
			Op: "measure what is kept", Kind: errs.NotFound, Err: fmt.Errorf("none of the labelled sets is here"),
			Remedy: "import iotdb-lab, nezha or iotdb-multilog first: triagent eval import --help",
		}
	}
	out := make([]Result, len(work))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(c.Jobs, 1))
	for i := range work {
		g.Go(func() error {
			var err error
			out[i], err = c.one(ctx, engine, &work[i])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return &Report{Results: out}, nil
}

// task is a labelled case that is here.
type task struct {
	set, path string
	label     *Case
}

func tasks(m *importer.Manifest, labels []Set) []task {
	var out []task
	for i := range labels {
		if labels[i].Name != m.Name {
			continue
		}
		for k := range labels[i].Cases {
			c := &labels[i].Cases[k]
			for _, e := range m.Cases {
				if e.ID == c.ID {
					out = append(out, task{m.Name, filepath.Join(m.Dir, filepath.FromSlash(e.Path)), c})
				}
			}
		}
	}
	return out
}

func (c *Config) one(ctx context.Context, engine eval.Diagnoser, t *task) (Result, error) {
	res := Result{Set: t.set, Case: t.label.ID, Lines: len(t.label.Lines), Answers: t.label.None == ""}
	d, err := engine.Diagnose(ctx, t.path)
	if err != nil {
		return res, fmt.Errorf("case %s: %w", t.label.ID, err)
	}
	b, err := telemetry.Open(ctx, t.path, telemetry.Limits{})
	if err != nil {
		return res, fmt.Errorf("case %s: %w", t.label.ID, err)
	}
	base, err := knowledge.Load()
	if err != nil {
		return res, err
	}
	more, err := brief.Read(ctx, b, &d, base)
	if err != nil {
		return res, fmt.Errorf("case %s: %w", t.label.ID, err)
	}
	budget := c.Tokens
	if budget == 0 {
		budget = brief.Tokens
	}
	made := brief.Make(&d, more, budget)
	text := made.String()
	res.Tokens = compress.Tokens(text)
	if c.Text != nil {
		if err := c.Text(t.set, t.label.ID, text); err != nil {
			return res, err
		}
	}
	raw, err := quoted(ctx, b, t.label)
	if err != nil {
		return res, fmt.Errorf("case %s: %w", t.label.ID, err)
	}
	r := newReader(made.Rows, raw)
	for _, l := range t.label.Lines {
		if r.has(&l) {
			res.Itself++
		}
		if r.hasSame(&l) {
			res.Kept++
		} else {
			res.Lost = append(res.Lost, l)
		}
	}
	return res, nil
}

// quotedMost is how many raw lines of a quote are looked at.
const quotedMost = 400

// quoted collects the raw log messages that hold the quotes of a case. A quote
// that no line holds is a mistake of the labels.
func quoted(ctx context.Context, b *telemetry.Bundle, c *Case) (map[string][]string, error) {
	out := map[string][]string{}
	var want []Line
	var nodes []incident.NodeID
	for _, l := range c.Lines {
		for _, x := range append([]Line{l}, l.Same...) {
			if x.Kind == "log" {
				want = append(want, x)
				nodes = append(nodes, x.Node)
			}
		}
	}
	if len(want) == 0 {
		return out, nil
	}
	slices.Sort(nodes)
	err := b.Logs(ctx, slices.Compact(nodes), func(r *telemetry.Record) error {
		for _, l := range want {
			k := key(l.Node, l.Quote)
			if r.Node == l.Node && len(out[k]) < quotedMost && strings.Contains(string(r.Body), l.Quote) {
				out[k] = append(out[k], string(r.Body))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, l := range want {
		if len(out[key(l.Node, l.Quote)]) == 0 {
			return nil, errs.New(errs.Invalid, "no line of %s holds %q", l.Node, l.Quote)
		}
	}
	return out, nil
}
