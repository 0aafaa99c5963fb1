package outbox

import (
	"context"

	"triagent/connectors/email"
	"triagent/internal/errs"
	"triagent/store"
)

// senderOf returns the sender for a delivery; errMuted if it must not go out.
func (o *Outbox) senderOf(ctx context.Context, d store.Delivery) (made, error) {
	if d.Channel == accountChannel {
		if !o.c.SMTP.Set() {
			return made{kind: "email"}, &errs.Error{Kind: errs.Invalid, Err: errNoMail}
		}
		s, err := email.New(email.Config{Server: o.c.SMTP, To: []string{d.Notice.Detail["email"]}, Log: o.c.Log})
		return made{kind: "email", lang: o.c.Lang, sender: s}, err
	}
	ch, err := o.ledger.Channel(ctx, d.Channel)
	if err != nil {
		return made{}, err
	}
	if !ch.Enabled {
		return made{kind: ch.Kind}, errMuted
	}
	return o.of(ch)
}

// Result is what came of a test.
type Result struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail" doc:"What happened, in one sentence"`
}

// Test sends a message to a channel now, switched on or not, and tells what came
// of it. The error is only of what keeps a test from being made, as NotFound.
func (o *Outbox) Test(ctx context.Context, channel string) (Result, error) {
	ch, err := o.ledger.Channel(ctx, channel)
	if err != nil {
		return Result{}, err
	}
	m, err := o.of(ch)
	if err != nil {
		return Result{Detail: err.Error()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if _, err := m.sender.Send(ctx, o.testMessage(ctx, ch, m.lang), ""); err != nil {
		o.c.Sent(ch.Kind, "failed")
		return Result{Detail: err.Error()}, nil
	}
	o.c.Sent(ch.Kind, "sent")
	c, err := o.opened(ch)
	if err != nil {
		return Result{}, err
	}
	return Result{true, describe(ch.Kind, c)}, nil
}
