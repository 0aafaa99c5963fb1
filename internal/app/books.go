package app

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"

	"triagent/agents/casebook"
	"triagent/store"
)

// maxVolumes bounds the books in memory.
const maxVolumes = 16

// shelf is the books of lessons in memory, by system.
type shelf struct {
	turn chan struct{} // who makes a book holds it: one at a time

	mu    sync.Mutex
	books map[string]*volume
}

// volume is a book with the lessons that it was made of. It does not change.
type volume struct {
	of   []store.LessonKey // newest incident first
	book *casebook.Book    // nil: there are none
}

func (v *volume) has(id string) bool {
	return slices.ContainsFunc(v.of, func(k store.LessonKey) bool { return k.Incident == id })
}

func (s *shelf) get(system string) *volume {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books[system]
}

// put keeps a book in place of what there was; one without lessons is not kept.
func (s *shelf) put(system string, v *volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.books, system); len(v.of) == 0 {
		return
	}
	if len(s.books) >= maxVolumes {
		clear(s.books)
	}
	s.books[system] = v
}

func (s *shelf) systems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for k := range s.books {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// recall gives a diagnosis of an incident the lessons of its system, without that
// of the incident itself: what people said of it must not come back as evidence.
// Where that fails the diagnosis is made without any.
func (l *learner) recall(id string) recall {
	return func(ctx context.Context, system string) *casebook.Book {
		if !l.on {
			return nil
		}
		b, err := l.bookFor(ctx, id, system)
		if err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "what was learned cannot be asked", slog.String("incident", id), slog.Any("error", err))
		}
		return b
	}
}

// bookFor returns the book for a diagnosis of an incident; system is what its
// data say, which counts where nobody knows better. It waits for a book to be
// made only if there is none yet or the incident has a lesson itself.
func (l *learner) bookFor(ctx context.Context, id, system string) (*casebook.Book, error) {
	in, err := l.store.Incident(ctx, id)
	if err != nil {
		return nil, err
	}
	system = cmp.Or(in.System, system)
	v := l.shelf.get(system)
	if v == nil {
		if v, err = l.renewOne(ctx, system); err != nil {
			return nil, err
		}
	}
	if v.has(id) {
		if v, err = l.bind(ctx, system, id); err != nil {
			return nil, err
		}
	}
	return v.book, nil
}

// renew makes the books on the shelf anew whose lessons have changed.
func (l *learner) renew(ctx context.Context) error {
	for _, system := range l.shelf.systems() {
		if _, err := l.renewOne(ctx, system); err != nil {
			return err
		}
	}
	return nil
}

// renewOne makes the book of a system anew if its lessons have changed.
func (l *learner) renewOne(ctx context.Context, system string) (*volume, error) {
	keys, err := l.store.LessonKeys(ctx, system, maxLessons)
	if err != nil {
		return nil, err
	}
	if v := l.shelf.get(system); v != nil && slices.Equal(v.of, keys) {
		return v, nil
	}
	if len(keys) == 0 {
		none := &volume{}
		l.shelf.put(system, none)
		return none, nil
	}
	return l.bind(ctx, system, "")
}

// bind makes the book of a system; without is an incident whose lesson is left
// out, and the book is not kept then.
func (l *learner) bind(ctx context.Context, system, without string) (*volume, error) {
	select {
	case l.shelf.turn <- struct{}{}:
		defer func() { <-l.shelf.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	kept, err := l.store.Lessons(ctx, system, maxLessons)
	if err != nil {
		return nil, err
	}
	v := &volume{}
	var lessons []store.KeptLesson
	for _, k := range kept {
		v.of = append(v.of, k.LessonKey)
		if k.Incident != without {
			lessons = append(lessons, k)
		}
	}
	if had := l.shelf.get(system); without == "" && had != nil && slices.Equal(had.of, v.of) {
		return had, nil // another was faster
	}
	if cases := l.casesOf(ctx, lessons); len(cases) > 0 {
		if v.book, err = casebook.New(ctx, cases, casebook.Config{}); err != nil {
			return nil, err
		}
	}
	if without == "" {
		l.shelf.put(system, v)
	}
	return v, nil
}

// casesOf reads lessons, newest first, as many as a book of bounded size holds.
func (l *learner) casesOf(ctx context.Context, lessons []store.KeptLesson) []casebook.Case {
	var out []casebook.Case
	names, nodes := map[string]bool{}, 0
	for _, k := range lessons {
		cases, err := casebook.Read(bytes.NewReader(k.Lesson), k.Incident)
		if err != nil {
			l.log.WarnContext(ctx, "a lesson cannot be read", slog.String("incident", k.Incident), slog.Any("error", err))
			continue
		}
		for _, c := range cases {
			nodes += len(c.Nodes)
			for _, n := range c.Nodes {
				for f := range n.Features {
					names[f] = true
				}
			}
		}
		if len(out) > 0 && nodes*len(names) > lessonEffort {
			break
		}
		out = append(out, cases...)
	}
	return out
}

// file is what was learned of a system as triagent diagnose --memory reads it.
func (l *learner) file(ctx context.Context, system string) ([]byte, error) {
	kept, err := l.store.Lessons(ctx, system, maxLessons)
	if err != nil {
		return nil, err
	}
	var cases []casebook.Case
	for _, k := range slices.Backward(kept) { // oldest first
		cases = append(cases, l.casesOf(ctx, []store.KeptLesson{k})...)
	}
	var out bytes.Buffer
	err = casebook.Write(&out, cases)
	return out.Bytes(), err
}
