package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"triagent/agents/casebook"
	"triagent/internal/errs"
	"triagent/store"
)

// How much is learned, and how often it is tried.
const (
	maxTaught    = 10_000           // incidents that are looked at, newest first
	maxLessons   = 100              // of a system: the newest
	maxTries     = 3                // to make a lesson
	lessonPause  = 10 * time.Minute // before the second try; twice that before the third
	lessonTime   = 10 * time.Minute // that one may take
	learnLook    = time.Second      // between looks at whether there is something to learn
	learnAgain   = time.Minute      // before the next look where one failed
	lessonEffort = 5_000_000        // cells of a book, nodes times features: 40 MB
)

// learner makes lessons of incidents whose cause people named, in the background
// and one at a time, and books of lessons for diagnoses to ask. It is safe for
// concurrent use.
type learner struct {
	on     bool
	store  *store.Store
	engine *App
	log    *slog.Logger
	meter  *meter
	shelf  shelf
}

func newLearner(s *Service) *learner {
	return &learner{
		on: s.set.learns(), store: s.store, engine: s.engine, log: s.log, meter: s.meter,
		shelf: shelf{turn: make(chan struct{}, 1), books: map[string]*volume{}},
	}
}

// run learns until ctx ends. It looks whenever something about incidents has
// changed, in whichever process.
func (l *learner) run(ctx context.Context) error {
	if !l.on {
		return nil
	}
	t := time.NewTicker(learnLook)
	defer t.Stop()
	seen, next := int64(-1), time.Time{}
	for {
		rev, err := l.store.Revision(ctx)
		if err == nil && (rev != seen || !next.IsZero() && time.Now().After(next)) {
			next, err = l.look(ctx)
			seen = rev
		}
		wait := (<-chan time.Time)(t.C)
		if err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "it could not be looked what there is to learn", slog.Any("error", err))
			seen, wait = -1, time.After(learnAgain)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wait:
		}
	}
}

// look forgets what does not hold any more, makes the lessons that are due and
// renews the books that diagnoses ask. It returns when to look again though
// nothing changed; zero: there is no need.
func (l *learner) look(ctx context.Context) (next time.Time, err error) {
	all, err := l.store.Taught(ctx, maxTaught)
	if err != nil {
		return next, err
	}
	p := planOf(all, time.Now())
	if len(p.drop) > 0 {
		if err := l.store.DropLessons(ctx, p.drop); err != nil {
			return next, err
		}
	}
	var failed error
	for _, d := range p.due {
		busy, err := l.busy(ctx)
		if err != nil || busy {
			return time.Now(), errors.Join(failed, err, l.renew(ctx))
		}
		failed = errors.Join(failed, l.learn(ctx, d)) // one costs no other
	}
	return p.next, errors.Join(failed, l.renew(ctx)) // what was made is looked at anew, since it is a change
}

// busy reports whether diagnoses wait: they go first.
func (l *learner) busy(ctx context.Context) (bool, error) {
	queued, _, _, err := l.store.QueueState(ctx)
	return queued > 0, err
}

// due is an incident to be learned from.
type due struct {
	taught store.Taught
	said   said
	from   string
}

// plan is what is to be done about lessons.
type plan struct {
	drop []store.Lesson // those that do not hold any more
	due  []due
	next time.Time // when the first of those falls due that have to wait; zero: none has
}

// planOf says what is to be done about incidents, newest first.
func planOf(all []store.Taught, now time.Time) plan {
	var p plan
	count := map[string]int{}
	for _, t := range all {
		s, ok := saidOf(t)
		from := madeFrom(t, s)
		ok = ok && t.Bundle != "" && count[t.System] < maxLessons
		if t.Lesson.From != "" && (!ok || t.Lesson.From != from) {
			p.drop = append(p.drop, t.Lesson)
			t.Lesson = store.Lesson{Incident: t.Incident}
		}
		givenUp := t.Lesson.Tries >= maxTries && !t.Lesson.Made
		if ok && !givenUp {
			count[t.System]++
		}
		if !ok || givenUp || t.Lesson.Made {
			continue
		}
		if at := t.Lesson.Tried.Add(time.Duration(t.Lesson.Tries) * lessonPause); t.Lesson.Tries > 0 && at.After(now) {
			if p.next.IsZero() || at.Before(p.next) {
				p.next = at
			}
			continue
		}
		p.due = append(p.due, due{t, s, from})
	}
	return p
}

// learn makes one lesson. That it could not be made is noted and no error.
func (l *learner) learn(ctx context.Context, d due) error {
	began, ok, err := l.store.BeginLesson(ctx, d.taught.Lesson, d.from)
	if err != nil || !ok {
		return err
	}
	lesson, err := l.make(ctx, d)
	if err == nil {
		err = l.store.KeepLesson(ctx, began, lesson)
	}
	// Its end must reach the store even while this process stops.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	log := l.log.With(slog.String("incident", d.taught.Incident))
	switch kind := errs.KindOf(err); {
	case err == nil:
		l.meter.lessons.WithLabelValues("made").Inc()
		log.InfoContext(ctx, "something was learned from what people said")
		return nil
	case ctx.Err() != nil: // not its fault
		return l.store.FailLesson(end, began, "", began.Tries-1)
	case kind == errs.Unavailable || kind == errs.Internal:
		l.meter.lessons.WithLabelValues("failed").Inc()
		log.WarnContext(ctx, "a lesson could not be made", slog.Int("tries", began.Tries), slog.Any("error", err))
		return l.store.FailLesson(end, began, err.Error(), began.Tries)
	default: // it would be so again
		l.meter.lessons.WithLabelValues("nothing").Inc()
		log.InfoContext(ctx, "nothing can be learned from an incident", slog.Any("error", err))
		return l.store.FailLesson(end, began, err.Error(), maxTries)
	}
}

// make examines the data of an incident anew. A panic is an error of kind
// errs.Internal: it costs one lesson, not the service.
func (l *learner) make(ctx context.Context, d due) (lesson []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &errs.Error{Op: "learn", Kind: errs.Internal, Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())}
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, lessonTime, errs.New(errs.Exhausted, "it took longer than %s", lessonTime))
	defer cancel()
	truth, err := l.truth(ctx, d.taught.Incident, d.said)
	if err != nil {
		return nil, err
	}
	path, err := l.store.BundlePath(d.taught.Bundle)
	if err != nil {
		return nil, err
	}
	made, ok, err := l.engine.rememberAs(ctx, path, truth)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, within(path, err)
	}
	if !ok {
		return nil, errs.New(errs.Invalid, "the data do not name the node %q", truth.Causes[0].Node)
	}
	made.ID = d.taught.Incident // as people know it
	var text bytes.Buffer
	err = casebook.Write(&text, []casebook.Case{made})
	return text.Bytes(), err
}
