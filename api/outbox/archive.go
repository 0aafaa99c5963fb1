package outbox

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"time"

	"triagent/connectors/loki"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
	"triagent/store"
)

// auditSetting keeps how far the audit was pushed to each channel of Loki.
const auditSetting = "outbox.audit"

const (
	auditEvery = 15 * time.Second // between pushes
	auditKeep  = 10 * time.Minute // between notes of how far it got: each is an entry itself
	maxNews    = 100_000
	auditBack  = 24 * time.Hour // how far back a new channel gets it; Loki refuses what is older than a week
)

// archive pushes the audit to channels of Loki until ctx ends. What was pushed
// and not noted when a process died is pushed again; Loki drops lines that it
// has.
func (o *Outbox) archive(ctx context.Context) error {
	a := &archiver{o: o}
	tick := time.NewTicker(auditEvery)
	defer tick.Stop()
	for {
		if err := a.push(ctx); err != nil && ctx.Err() == nil {
			o.c.Log.WarnContext(ctx, "audit not pushed to Loki now", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			a.keep(context.WithoutCancel(ctx), true)
			return nil
		case <-tick.C:
		}
	}
}

// archiver knows how far the audit was pushed, by channel.
type archiver struct {
	o     *Outbox
	read  bool
	done  map[string]int64 // number of the last entry pushed
	dirty bool
	kept  time.Time
}

func (a *archiver) push(ctx context.Context) error {
	channels, err := a.o.ledger.Channels(ctx)
	if err != nil {
		return err
	}
	var first error
	for _, ch := range channels {
		if ch.Kind != "loki" || !ch.Enabled {
			continue
		}
		if err := a.load(ctx); err != nil {
			return err
		}
		if err := a.pushTo(ctx, ch); err != nil && first == nil {
			first = err
		}
	}
	a.keep(ctx, false)
	return first
}

func (a *archiver) load(ctx context.Context) error {
	if a.read {
		return nil
	}
	a.done = map[string]int64{}
	s, err := a.o.ledger.Setting(ctx, auditSetting)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	if err == nil && json.Unmarshal(s.Value, &a.done) != nil {
		a.done = map[string]int64{}
	}
	a.read, a.kept = true, a.o.c.Now()
	return nil
}

// pushTo pushes what is new to one channel, oldest first.
func (a *archiver) pushTo(ctx context.Context, ch store.Channel) error {
	entries, err := a.news(ctx, a.done[ch.ID])
	if err != nil || len(entries) == 0 {
		return err
	}
	m, err := a.o.of(ch)
	if err != nil {
		return err
	}
	pusher, ok := m.sender.(*loki.Pusher)
	if !ok {
		return errs.New(errs.Internal, "channel %s is not Loki", ch.Name)
	}
	for part := range slices.Chunk(entries, 100) {
		lines := make([]loki.Line, 0, len(part))
		for _, e := range part {
			l, err := lineOf(e)
			if err != nil {
				return err
			}
			lines = append(lines, l)
		}
		err := pusher.Push(ctx, "audit", nil, lines)
		if errs.KindOf(err) == errs.Invalid { // too old or too long for this Loki: it never takes them
			a.o.c.Log.WarnContext(ctx, "entries of the audit refused by Loki", slog.String("channel", ch.Name), slog.Int("entries", len(lines)), slog.Any("error", err))
		} else if err != nil {
			return err
		}
		a.done[ch.ID], a.dirty = part[len(part)-1].N, true
	}
	return nil
}

// news returns the entries after number n, oldest first, without the notes of
// the archiver itself.
func (a *archiver) news(ctx context.Context, n int64) ([]store.Entry, error) {
	f := store.AuditFilter{Limit: 500}
	if n == 0 {
		f.From = a.o.c.Now().Add(-auditBack)
	}
	var out []store.Entry
	for len(out) < maxNews {
		page, next, err := a.o.ledger.Audit(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			if e.N <= n {
				next = ""
				break
			}
			if e.Object != auditSetting {
				out = append(out, e)
			}
		}
		if next == "" {
			slices.Reverse(out)
			return out, nil
		}
		f.After = next
	}
	a.o.c.Log.WarnContext(ctx, "more entries of the audit than are pushed at once: the oldest are left out", slog.Int("entries", len(out)))
	slices.Reverse(out)
	return out, nil
}

// keep notes how far the audit was pushed.
func (a *archiver) keep(ctx context.Context, now bool) {
	if !a.dirty || !now && a.o.c.Now().Sub(a.kept) < auditKeep {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteTime)
	defer cancel()
	s, err := a.o.ledger.Setting(ctx, auditSetting)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return // the next time
	}
	all := map[string]int64{}
	if len(s.Value) > 0 && json.Unmarshal(s.Value, &all) != nil {
		all = map[string]int64{}
	}
	maps.Copy(all, a.done)
	value, err := json.Marshal(all)
	if err != nil {
		return // unreachable: names and numbers
	}
	if _, err := a.o.ledger.PutSetting(ctx, store.Actor{Name: "triagent"}, store.Setting{Name: auditSetting, Version: s.Version, Value: value}); err != nil {
		a.o.c.Log.InfoContext(ctx, "state of the audit's archive not noted", slog.Any("error", err))
		return
	}
	a.dirty, a.kept = false, a.o.c.Now()
}

func lineOf(e store.Entry) (loki.Line, error) {
	b, err := json.Marshal(map[string]any{
		"n": e.N, "at": e.At.UTC().Format(time.RFC3339Nano), "actor": outgoing.Line(e.Actor.Name), "user": e.Actor.User, "addr": e.Actor.Addr, "token": e.Actor.Token,
		"action": e.Action, "object": e.Object, "detail": e.Detail, "hash": e.Hash,
	})
	return loki.Line{At: e.At, Text: string(b)}, err
}
