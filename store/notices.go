package store

import (
	"context"
	"database/sql"
)

const (
	insertNotice = `INSERT INTO notices (incident, kind, at, detail, routed) VALUES ($1, $2, $3, $4, 0) RETURNING id`
	nextNotices  = `SELECT id, incident, kind, at, detail FROM notices WHERE routed = 0 ORDER BY id LIMIT $1`
	markRouted   = `UPDATE notices SET routed = 1 WHERE id = $1 AND routed = 0 RETURNING incident`
	addDelivery  = `INSERT INTO deliveries (notice, incident, channel, state, tries, next_try, lease, error, receipt, updated)
VALUES ($1, $2, $3, $4, 0, $5, 0, $6, '', $7) ON CONFLICT (notice, channel) DO NOTHING`
)

// notify writes a notice in the transaction of what happened.
func (t *txn) notify(ctx context.Context, n Notice) error {
	if n.At.IsZero() {
		n.At = t.at
	}
	var about sql.NullInt64
	if n.Incident != "" {
		number, err := numberOf(n.Incident)
		if err != nil {
			return err
		}
		about = sql.NullInt64{Int64: number, Valid: true}
	}
	var id int64
	t.changed("delivery", n.Incident)
	return t.row(ctx, insertNotice, about, n.Kind, nanos(n.At), text(n.Detail)).Scan(&id)
}

// AddNotice writes a notice of its own, as a test or a word to an account's
// owner. ID is made here; At may be zero: now.
func (s *Store) AddNotice(ctx context.Context, n Notice) error {
	return s.update(ctx, "note something to tell", func(ctx context.Context, t *txn) error { return t.notify(ctx, n) })
}

func scanNotice(row scanner) (n Notice, err error) {
	var about sql.NullInt64
	var at int64
	var detail string
	if err := row.Scan(&n.ID, &about, &n.Kind, &at, &detail); err != nil {
		return n, err
	}
	return n.filled(about.Int64, at, detail)
}

// filled is n with the stored forms of what it holds; number 0 is no incident.
func (n Notice) filled(number, at int64, detail string) (Notice, error) {
	if number > 0 {
		n.Incident = incidentID(number)
	}
	n.At = moment(at)
	var err error
	n.Detail, err = parsed[map[string]string](detail)
	return n, err
}

// NextNotices returns the notices that were not routed yet, oldest first, at
// most n (1..500).
func (s *Store) NextNotices(ctx context.Context, n int) ([]Notice, error) {
	out, err := all(scanNotice)(s.rows(ctx, nextNotices, limitOf(n)))
	return out, kinded("list what is to be told", err)
}

// Route puts a notice on its way: one delivery for each channel, as Channel,
// State ("pending" or "muted"; empty: pending), NextTry and Error say. A notice
// that was routed before is left alone.
func (s *Store) Route(ctx context.Context, notice int64, ds []Delivery) error {
	return s.update(ctx, "route a notice", func(ctx context.Context, t *txn) error {
		var about sql.NullInt64
		err := t.row(ctx, markRouted, notice).Scan(&about)
		if isNone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, d := range ds {
			state := d.State
			if state == "" {
				state = "pending"
			}
			_, err := t.exec(ctx, addDelivery, notice, about.Int64, d.Channel, state, nanos(d.NextTry), clip(d.Error, 1000), nanos(t.at))
			if err != nil {
				return err
			}
		}
		id := ""
		if about.Valid {
			id = incidentID(about.Int64)
		}
		t.changed("delivery", id)
		return nil
	})
}
