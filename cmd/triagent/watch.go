package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"triagent/incident"
	"triagent/report"
)

// watcher shows how far the diagnoses are. Its methods may be called from
// several goroutines.
type watcher interface {
	// listener hears the events of the i-th bundle.
	listener(i int) incident.Listener
	// finished says that the i-th bundle is done, or failed.
	finished(i int)
	// message prints a line without disturbing what is shown.
	message(line string)
	// end takes away what is shown.
	end()
}

func newWatcher(c *diagnoseCmd, w world, o report.Options, bundles int) watcher {
	o.Colour = w.colours(w.stderr)
	switch {
	case c.Progress == "plain":
		return &lines{w: w.stderr, o: o, several: bundles > 1}
	case c.Progress == "auto" && terminal(w.stderr):
		return newBar(w.stderr, o, bundles)
	}
	return silent{w.stderr}
}

// silent shows nothing but messages.
type silent struct{ w io.Writer }

func (silent) listener(int) incident.Listener { return func(incident.Event) {} }
func (silent) finished(int)                   {}
func (silent) end()                           {}
func (s silent) message(line string)          { fail(s.w, fmt.Errorf("%s", line), exitFailed) }

// lines writes every step.
type lines struct {
	w       io.Writer
	o       report.Options
	several bool
}

func (l *lines) listener(int) incident.Listener { return report.Progress(l.w, l.o) }
func (l *lines) finished(int)                   {}
func (l *lines) end()                           {}
func (l *lines) message(line string)            { fail(l.w, fmt.Errorf("%s", line), exitFailed) }

// stages is how many steps of the bar one bundle takes; a bundle that fails
// early takes its steps all the same.
const stages = 5

// bar is a progress bar over the stages of all bundles.
type bar struct {
	p    *mpb.Progress
	b    *mpb.Bar
	o    report.Options
	mu   sync.Mutex
	took []int // stages by bundle
	done int   // bundles
	last string
}

func newBar(w io.Writer, o report.Options, bundles int, more ...mpb.ContainerOption) *bar {
	s := &bar{o: o, took: make([]int, bundles)}
	s.p = mpb.New(append(more, mpb.WithOutput(w), mpb.WithWidth(48))...)
	s.b = s.p.New(int64(bundles*stages), mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("▌").Padding("░"),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return s.count(bundles) })),
		mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO, decor.WCSyncSpace), decor.Any(func(decor.Statistics) string { return s.step() })),
	)
	return s
}

func (s *bar) count(bundles int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d/%d ", s.done, bundles)
}

func (s *bar) step() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "  " + s.last
}

func (s *bar) listener(i int) incident.Listener {
	return func(e incident.Event) {
		line := s.o.Step(e)
		_, ended := e.(incident.StageEnded)
		s.mu.Lock()
		ended = ended && s.took[i] < stages
		if ended {
			s.took[i]++
		}
		if line != "" {
			s.last = report.Short(line, 60)
		}
		s.mu.Unlock()
		if ended { // without the lock: the bar may be drawing, which takes it
			s.b.Increment()
		}
	}
}

func (s *bar) finished(i int) {
	s.mu.Lock()
	s.done++
	rest := stages - s.took[i]
	s.took[i] = stages
	s.mu.Unlock()
	s.b.IncrBy(rest)
}

func (s *bar) message(line string) { fail(s.p, fmt.Errorf("%s", line), exitFailed) }

func (s *bar) end() {
	s.b.Abort(true)
	s.p.Wait()
}
