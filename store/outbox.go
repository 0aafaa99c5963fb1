package store

import (
	"context"
	"time"

	"triagent/internal/errs"
)

const (
	deliveryColumns = `d.id, d.channel, d.state, d.tries, d.next_try, d.lease, d.error, d.receipt, d.updated, n.id, d.incident, n.kind, n.at, n.detail`
	fromDeliveries  = ` FROM deliveries d JOIN notices n ON n.id = d.notice`
	anyDelivery     = `SELECT 1 WHERE EXISTS (SELECT 1 FROM deliveries WHERE state = 'pending' AND next_try <= $1 AND lease <= $2)`
	// Of one incident on one channel, the oldest goes first: what happened later
	// updates the message of what happened before.
	leaseDeliveries = `UPDATE deliveries SET lease = $1, tries = tries + 1, updated = $2 WHERE state = 'pending' AND next_try <= $3 AND lease <= $4 AND id IN (
	SELECT d.id FROM deliveries d WHERE d.state = 'pending' AND d.next_try <= $5 AND d.lease <= $6 AND NOT EXISTS (
		SELECT 1 FROM deliveries e WHERE e.incident = d.incident AND e.incident > 0 AND e.channel = d.channel AND e.state = 'pending' AND e.id < d.id)
	ORDER BY d.next_try, d.id LIMIT $7) RETURNING id`
	readDelivery  = `SELECT ` + deliveryColumns + fromDeliveries + ` WHERE d.id = $1`
	endDelivery   = `UPDATE deliveries SET state = $1, lease = 0, receipt = $2, error = $3, updated = $4 WHERE id = $5 AND state = 'pending' RETURNING incident`
	laterDelivery = `UPDATE deliveries SET lease = 0, error = $1, next_try = $2, updated = $3 WHERE id = $4 AND state = 'pending' RETURNING incident`
	retryDelivery = `UPDATE deliveries SET state = 'pending', lease = 0, next_try = 0, tries = 0, updated = $1 WHERE id = $2 AND state <> 'sent' RETURNING incident`
	firstReceipt  = `SELECT receipt FROM deliveries WHERE incident = $1 AND channel = $2 AND state = 'sent' AND receipt <> '' ORDER BY id LIMIT 1`
	muteChannel   = `UPDATE deliveries SET state = 'muted', lease = 0, error = 'the channel was deleted', updated = $1 WHERE channel = $2 AND state = 'pending'`
)

func scanDelivery(row scanner) (d Delivery, err error) {
	var next, lease, updated, number, at int64
	var detail string
	err = row.Scan(&d.ID, &d.Channel, &d.State, &d.Tries, &next, &lease, &d.Error, &d.Receipt, &updated,
		&d.Notice.ID, &number, &d.Notice.Kind, &at, &detail)
	if err != nil {
		return d, err
	}
	d.NextTry, d.Lease, d.Updated = moment(next), moment(lease), moment(updated)
	d.Notice, err = d.Notice.filled(number, at, detail)
	return d, err
}

// TakeDeliveries gives the caller at most n deliveries that are due, for the
// time of the lease, and counts the try. Of one incident on one channel it
// gives one at a time, oldest first.
func (s *Store) TakeDeliveries(ctx context.Context, n int, lease time.Duration) ([]Delivery, error) {
	now := nanos(s.now())
	var one int
	switch err := s.row(ctx, anyDelivery, now, now).Scan(&one); {
	case isNone(err):
		return nil, nil
	case err != nil:
		return nil, kinded("look for messages to send", err)
	}
	var out []Delivery
	err := s.update(ctx, "take messages to send", func(ctx context.Context, t *txn) error {
		out = nil
		now := nanos(t.at)
		ids, err := all(scanInt)(t.query(ctx, leaseDeliveries, nanos(t.at.Add(lease)), now, now, now, now, now, limitOf(n)))
		if err != nil {
			return err
		}
		for _, id := range ids {
			d, err := scanDelivery(t.row(ctx, readDelivery, id))
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	return out, err
}

// Delivered ends a delivery that went out; receipt is what the channel gave back.
// One that has ended before is left alone.
func (s *Store) Delivered(ctx context.Context, id int64, receipt string) error {
	return s.settle(ctx, "note a message as sent", endDelivery, "sent", clip(receipt, 4000), "", nanos(s.now()), id)
}

// DeliveryFailed notes why a try failed. Next is when to try again; zero: never.
func (s *Store) DeliveryFailed(ctx context.Context, id int64, why string, next time.Time) error {
	why = clip(why, 1000)
	if next.IsZero() {
		return s.settle(ctx, "give a message up", endDelivery, "failed", "", why, nanos(s.now()), id)
	}
	return s.settle(ctx, "put a message off", laterDelivery, why, nanos(next), nanos(s.now()), id)
}

// Mute ends a delivery that is not to go out.
func (s *Store) Mute(ctx context.Context, id int64) error {
	return s.settle(ctx, "mute a message", endDelivery, "muted", "", "", nanos(s.now()), id)
}

// settle runs a statement that returns the incident of a delivery.
func (s *Store) settle(ctx context.Context, op, query string, args ...any) error {
	return s.update(ctx, op, func(ctx context.Context, t *txn) error {
		_, err := t.settle(ctx, query, args...)
		return err
	})
}

func (t *txn) settle(ctx context.Context, query string, args ...any) (bool, error) {
	numbers, err := all(scanInt)(t.query(ctx, query, args...))
	if err != nil || len(numbers) == 0 {
		return false, err
	}
	id := ""
	if numbers[0] > 0 {
		id = incidentID(numbers[0])
	}
	t.changed("delivery", id)
	return true, nil
}

// RetryDelivery tries a delivery again that failed, was muted or waits. Invalid
// if it was sent, NotFound if there is none.
func (s *Store) RetryDelivery(ctx context.Context, by Actor, id int64) error {
	return s.update(ctx, "retry a message", func(ctx context.Context, t *txn) error {
		ok, err := t.settle(ctx, retryDelivery, nanos(t.at), id)
		if err != nil {
			return err
		}
		if !ok {
			if _, err := scanDelivery(t.row(ctx, readDelivery, id)); isNone(err) {
				return errs.New(errs.NotFound, "there is no message %d", id)
			}
			return errs.New(errs.Invalid, "message %d was sent already", id)
		}
		t.audit(by, "delivery.retry", itoa(id), nil)
		return nil
	})
}

// Deliveries returns one page of the deliveries that f chooses, last first, and
// the cursor of the next page; empty: this is the last.
func (s *Store) Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, string, error) {
	var w where
	if f.Incident != "" {
		number, err := numberOf(f.Incident)
		if err != nil {
			return nil, "", err
		}
		w.and("d.incident = ?", number)
	}
	for _, c := range [][2]string{{"d.channel = ?", f.Channel}, {"d.state = ?", f.State}} {
		if c[1] != "" {
			w.and(c[0], c[1])
		}
	}
	if f.After != "" {
		c, err := readCursor(f.After, "deliveries")
		if err != nil {
			return nil, "", err
		}
		w.and("d.id < ?", c.ID)
	}
	limit := limitOf(f.Limit)
	query := `SELECT ` + deliveryColumns + fromDeliveries + w.sql() + ` ORDER BY d.id DESC LIMIT ` + w.bind(limit+1)
	out, err := all(scanDelivery)(s.rows(ctx, query, w.args...))
	if err != nil {
		return nil, "", kinded("list messages", err)
	}
	if len(out) <= limit {
		return out, "", nil
	}
	return out[:limit], cursor{Sort: "deliveries", ID: out[limit-1].ID}.String(), nil
}

// Receipt returns what the channel gave back for the first message about an
// incident that was sent there; empty: nothing.
func (s *Store) Receipt(ctx context.Context, incident, channel string) (string, error) {
	number, err := numberOf(incident)
	if err != nil {
		return "", err
	}
	receipt, err := scanString(s.row(ctx, firstReceipt, number, channel))
	if isNone(err) {
		return "", nil
	}
	return receipt, kinded("look for the first message", err)
}
