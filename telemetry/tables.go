package telemetry

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// tables reads the metrics of all nodes: those of a folder as many at once as
// there are processors. What goes wrong there is looked for again one by one, so
// that equal bundles give equal errors.
func (r *reader) tables(b *Bundle) error {
	list := inOrder(r.parts.metrics)
	read, err := r.tablesAtOnce(b, list)
	if read == nil || err != nil {
		if read, err = r.tablesOneByOne(b, list); err != nil {
			return err
		}
	}
	b.Tables = make([]Table, 0, len(list))
	for _, t := range read {
		b.Tables = append(b.Tables, t.Table)
		if t.infinite > 0 {
			b.lack(t.File, fmt.Sprintf("infinite values read as gaps: %d", t.infinite))
		}
	}
	slices.SortFunc(b.Tables, func(x, y Table) int { return strings.Compare(string(x.Node), string(y.Node)) })
	return nil
}

// tableRead is a table with the count of its cells that were infinite.
type tableRead struct {
	Table
	infinite int
}

func (r *reader) tablesOneByOne(b *Bundle, list []part) ([]tableRead, error) {
	var cells atomic.Int64
	cells.Store(r.lim.Cells)
	out := make([]tableRead, len(list))
	for i, p := range list {
		var err error
		if out[i], err = r.table(b, p, &cells); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tablesAtOnce returns nil where members cannot be read side by side. The limits
// hold for all readers together.
func (r *reader) tablesAtOnce(b *Bundle, list []part) ([]tableRead, error) {
	workers := min(runtime.GOMAXPROCS(0), len(list))
	if _, ok := r.src.(*folder); !ok || workers < 2 {
		return nil, nil
	}
	var cells atomic.Int64
	cells.Store(r.lim.Cells)
	out := make([]tableRead, len(list))
	passes := make([]*pass, workers)
	var g errgroup.Group
	for w := range workers {
		passes[w] = &pass{stop: r.pass.stop, lim: r.lim, out: r.pass.out}
		g.Go(func() error {
			walk, err := r.src.session(passes[w])
			if err != nil {
				return err
			}
			defer walk.close()
			own := &reader{path: r.path, lim: r.lim, src: r.src, parts: r.parts, pass: passes[w], walk: walk}
			for i := w; i < len(list); i += workers {
				if out[i], err = own.table(b, list[i], &cells); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all := r.pass.out
	for _, p := range passes {
		all += p.out - r.pass.out
	}
	if all > r.lim.Total {
		return nil, nil // one by one it will be said where
	}
	r.pass.out = all
	return out, nil
}

func (r *reader) table(b *Bundle, p part, cells *atomic.Int64) (tableRead, error) {
	g, err := r.member(p.name)
	if err != nil {
		return tableRead{}, err
	}
	defer shut(g)
	t, infinite, err := readTable(g, join(r.path, p.name), r.lim, b.Incident.Window.Duration(), cells)
	if err != nil {
		return tableRead{}, err
	}
	t.Node, t.File = p.node, p.name
	return tableRead{t, infinite}, nil
}
