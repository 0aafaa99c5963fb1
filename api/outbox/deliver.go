package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"triagent/connectors"
	"triagent/internal/errs"
	"triagent/store"
)

const (
	sendTime   = 40 * time.Second // that one message may take
	maxBackoff = 30 * time.Minute
	minDenied  = 5 * time.Minute // between tries with credentials that were refused
	noteTime   = 10 * time.Second
	linger     = 5 * time.Second // that a message under way is waited for at the end
)

// errMuted says that a delivery is not to go out.
var errMuted = errors.New("not to go out")

// deliver sends one delivery and notes what came of it.
func (o *Outbox) deliver(ctx context.Context, ln *lane, d store.Delivery) {
	now := o.c.Now()
	if d.Lease.Before(now.Add(min(sendTime, o.c.Lease/2))) {
		return // it may be another's by the time that it is sent
	}
	if ln.until.After(now) {
		o.note(ctx, d, func(ctx context.Context) error {
			return o.ledger.DeliveryFailed(ctx, d.ID, "the channel asked to wait", ln.until)
		})
		return
	}
	kind, receipt, err := o.send(ctx, ln, d)
	switch {
	case ctx.Err() != nil && err != nil:
		o.note(ctx, d, func(ctx context.Context) error {
			return o.ledger.DeliveryFailed(ctx, d.ID, "the service was stopped", now)
		})
	case err == nil:
		o.c.Sent(kind, "sent")
		o.note(ctx, d, func(ctx context.Context) error { return o.ledger.Delivered(ctx, d.ID, string(receipt)) })
	case errors.Is(err, errMuted):
		o.note(ctx, d, func(ctx context.Context) error { return o.ledger.Mute(ctx, d.ID) })
	default:
		o.failed(ctx, ln, d, kind, err)
	}
}

// send words and sends a delivery. Kind is that of its channel.
func (o *Outbox) send(ctx context.Context, ln *lane, d store.Delivery) (kind string, r connectors.Receipt, err error) {
	ch, err := o.senderOf(ctx, d)
	if err != nil {
		return ch.kind, "", err
	}
	if skip, err := o.overtaken(ctx, d); err != nil || skip {
		return ch.kind, "", errors.Join(err, muted(skip))
	}
	m, err := o.compose(ctx, d.Notice, d.Channel, ch.lang)
	if err != nil {
		return ch.kind, "", err
	}
	var before string
	if d.Notice.Incident != "" {
		if before, err = o.ledger.Receipt(ctx, d.Notice.Incident, d.Channel); err != nil {
			return ch.kind, "", err
		}
	}
	if ln.pace.Load() == nil {
		ln.pace.Store(pace(ch.kind))
	}
	wait := ln.pace.Load().Reserve()
	if delay := wait.Delay(); delay > 0 {
		if o.c.Now().Add(delay + sendTime).After(d.Lease) {
			wait.Cancel()
			return ch.kind, "", &paced{o.c.Now().Add(delay)}
		}
		if err := sleep(ctx, delay); err != nil {
			return ch.kind, "", err
		}
	}
	ctx, cancel := lingering(ctx)
	defer cancel()
	r, err = ch.sender.Send(ctx, m, connectors.Receipt(before))
	return ch.kind, r, err
}

// lingering returns a context for one message that outlives ctx for a moment: a
// message under way when the service stops is not sent twice.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(linger, cancel)
		context.AfterFunc(own, func() { t.Stop() })
	})
	return own, func() {
		stop()
		cancel()
	}
}

// paced says that it is not this delivery's turn on a channel that takes few.
type paced struct{ until time.Time }

func (*paced) Error() string { return "the channel takes few messages a minute" }

func muted(yes bool) error {
	if yes {
		return errMuted
	}
	return nil
}

// overtaken says that a later notice about the same incident waits for the same
// channel, which makes this update needless.
func (o *Outbox) overtaken(ctx context.Context, d store.Delivery) (bool, error) {
	if d.Notice.Kind != "updated" {
		return false, nil
	}
	waiting, _, err := o.ledger.Deliveries(ctx, store.DeliveryFilter{Incident: d.Notice.Incident, Channel: d.Channel, State: "pending", Limit: 2})
	if err != nil {
		return false, err
	}
	for _, w := range waiting { // last first
		if w.ID > d.ID {
			return true, nil
		}
	}
	return false, nil
}

// failed puts a delivery off, or gives it up.
func (o *Outbox) failed(ctx context.Context, ln *lane, d store.Delivery, kind string, err error) {
	now := o.c.Now()
	var turn *paced
	if errors.As(err, &turn) {
		o.note(ctx, d, func(ctx context.Context) error { return o.ledger.DeliveryFailed(ctx, d.ID, turn.Error(), turn.until) })
		return
	}
	next := now.Add(o.backoff(d.Tries))
	var delay connectors.Delay
	if errors.As(err, &delay) && delay.RetryAfter() > 0 {
		next = now.Add(delay.RetryAfter()) // the channel's word counts more than our guess
		ln.until = next
	}
	switch errs.KindOf(err) {
	case errs.Invalid:
		next = time.Time{}
	case errs.Denied:
		next = latest(next, now.Add(minDenied))
	case errs.NotFound: // the channel or the incident is gone
		o.note(ctx, d, func(ctx context.Context) error { return o.ledger.Mute(ctx, d.ID) })
		return
	}
	if next.After(o.deadline(ctx, d)) {
		next = time.Time{}
	}
	outcome := "retry"
	if next.IsZero() {
		outcome = "failed"
		o.c.Log.WarnContext(ctx, "message given up", slog.Int64("delivery", d.ID), slog.String("channel", d.Channel), slog.String("kind", kind), slog.Any("error", err))
	}
	o.c.Sent(kind, outcome)
	o.note(ctx, d, func(ctx context.Context) error { return o.ledger.DeliveryFailed(ctx, d.ID, err.Error(), next) })
}

// deadline is when a delivery has failed: a day after its notice, or after the
// quiet hours that it may have waited for.
func (o *Outbox) deadline(ctx context.Context, d store.Delivery) time.Time {
	from := d.Notice.At
	if rules, _, err := o.rules(ctx); err == nil {
		if until, _ := rules.quiet(store.Info, from); until.After(from) {
			from = until
		}
	}
	return from.Add(o.c.GiveUp)
}

// backoff is how long to wait after so many tries, spread by a fifth either way
// so that many do not come back at once.
func (o *Outbox) backoff(tries int) time.Duration {
	d := o.c.Retry << min(max(tries-1, 0), 20)
	if d <= 0 || d > maxBackoff {
		d = maxBackoff
	}
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // spread, not secrecy
}

// note writes what came of a delivery, even while the service stops: it was
// sent, and must not be again.
func (o *Outbox) note(ctx context.Context, d store.Delivery, write func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	if err := write(ctx); err != nil {
		o.c.Log.ErrorContext(ctx, "outcome of a message not noted", slog.Int64("delivery", d.ID), slog.Any("error", fmt.Errorf("note delivery: %w", err)))
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
