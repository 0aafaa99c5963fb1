package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"triagent/internal/errs"
)

const (
	lockHead    = `UPDATE audit_head SET n = n + 1 WHERE one = 1 RETURNING n, hash, mac`
	setHead     = `UPDATE audit_head SET n = $1, hash = $2, mac = $3 WHERE one = 1`
	readHead    = `SELECT n, hash, mac FROM audit_head WHERE one = 1`
	makeHead    = `INSERT INTO audit_head (one, n, hash, mac) VALUES (1, $1, $2, $3)`
	lastEntry   = `SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1`
	insertEntry = `INSERT INTO audit (n, at, actor, name, addr, token, action, object, detail, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	entryColumns = `n, at, actor, name, addr, token, action, object, detail, hash`
	walkAudit    = `SELECT ` + entryColumns + ` FROM audit WHERE n > $1 AND n <= $2 ORDER BY n LIMIT 1000`
)

// hashEntry is the hash of an entry after the one whose hash is before:
// SHA-256 over the fields in a fixed order, each with its length in front, so
// that no two entries have the same bytes. Numbers are eight bytes, big-endian;
// details are in the order of their names.
func hashEntry(before string, e Entry) string {
	h := sha256.New()
	number := func(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	word := func(s string) {
		number(int64(len(s)))
		h.Write([]byte(s))
	}
	word(before)
	number(e.N)
	number(nanos(e.At))
	for _, s := range []string{e.Actor.User, e.Actor.Name, e.Actor.Addr, e.Actor.Token, e.Action, e.Object} {
		word(s)
	}
	number(int64(len(e.Detail)))
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		word(k)
		word(e.Detail[k])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// appendAudit writes the entries that the transaction gathered. The row of the
// head is locked from here to the commit.
func (t *txn) appendAudit(ctx context.Context) error {
	h, err := t.lockHead(ctx)
	if err != nil {
		return err
	}
	n, hash := h.n+1, h.hash
	for i, e := range t.entries {
		e.N = n + int64(i)
		e = e.cleaned()
		hash = hashEntry(hash, e)
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, insertEntry, e.N, nanos(e.At), e.Actor.User, e.Actor.Name, e.Actor.Addr, e.Actor.Token,
			e.Action, e.Object, string(detail), hash)
		if err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, setHead, n+int64(len(t.entries))-1, hash, t.signer.next(h, n+int64(len(t.entries))-1, hash))
	return err
}

// cleaned is the entry as the database will give it back: bounded and with text
// that every database takes.
func (e Entry) cleaned() Entry {
	clean := func(s string, n int) string { return plain([]any{clip(s, n)})[0].(string) }
	e.Actor = Actor{clean(e.Actor.User, 200), clean(e.Actor.Name, 200), clean(e.Actor.Addr, 200), clean(e.Actor.Token, 200)}
	e.Action, e.Object = clean(e.Action, 200), clean(e.Object, 500)
	detail := make(map[string]string, len(e.Detail))
	for k, v := range e.Detail {
		detail[clean(k, 200)] = clean(v, 4000)
	}
	e.Detail = detail
	return e
}

// Record appends an entry to the audit. What the store's own methods do is
// recorded by them.
func (s *Store) Record(ctx context.Context, by Actor, action, object string, detail map[string]string) error {
	if action == "" {
		return errs.New(errs.Invalid, "an entry of the audit needs an action")
	}
	return s.update(ctx, "record "+action, func(_ context.Context, t *txn) error {
		t.audit(by, action, object, detail)
		return nil
	})
}

func scanEntry(row scanner) (e Entry, err error) {
	var at int64
	var detail string
	err = row.Scan(&e.N, &at, &e.Actor.User, &e.Actor.Name, &e.Actor.Addr, &e.Actor.Token, &e.Action, &e.Object, &detail, &e.Hash)
	if err != nil {
		return e, err
	}
	e.At = moment(at)
	e.Detail, err = parsed[map[string]string](detail)
	return e, err
}

// Audit returns one page of the entries that f chooses, last first, and the
// cursor of the next; empty: this is the last.
func (s *Store) Audit(ctx context.Context, f AuditFilter) ([]Entry, string, error) {
	var w where
	for _, c := range [][2]string{{"actor = ?", f.Actor}, {"object = ?", f.Object}} {
		if c[1] != "" {
			w.and(c[0], c[1])
		}
	}
	switch {
	case strings.HasSuffix(f.Action, "."):
		w.and(`action LIKE ? ESCAPE '\'`, pattern(f.Action)[1:])
	case f.Action != "":
		w.and("action = ?", f.Action)
	}
	if !f.From.IsZero() {
		w.and("at >= ?", nanos(f.From))
	}
	if !f.To.IsZero() {
		w.and("at < ?", nanos(f.To))
	}
	if f.After != "" {
		c, err := readCursor(f.After, "audit")
		if err != nil {
			return nil, "", err
		}
		w.and("n < ?", c.ID)
	}
	limit := limitOf(f.Limit)
	query := `SELECT ` + entryColumns + ` FROM audit` + w.sql() + ` ORDER BY n DESC LIMIT ` + w.bind(limit+1)
	out, err := all(scanEntry)(s.rows(ctx, query, w.args...))
	if err != nil {
		return nil, "", kinded("list the audit", err)
	}
	if len(out) <= limit {
		return out, "", nil
	}
	return out[:limit], cursor{Sort: "audit", ID: out[limit-1].N}.String(), nil
}

// VerifyAudit recomputes the chain of the audit and the MAC of its head. It
// returns how many entries there are and the number of the first that is missing
// or is not what was recorded, which is the one after the last where it is the
// head that is not what was recorded; 0: none. Entries recorded meanwhile are
// not looked at.
func (s *Store) VerifyAudit(ctx context.Context) (entries, brokenAt int64, err error) {
	h, err := scanHead(s.row(ctx, readHead))
	gone := isNone(err)
	switch {
	case gone:
		h.n = 1<<63 - 1
	case err != nil:
		return 0, 0, kinded("read the head of the audit", err)
	}
	hash := ""
	for entries < h.n {
		part, err := all(scanEntry)(s.rows(ctx, walkAudit, entries, h.n))
		if err != nil {
			return entries, 0, kinded("verify the audit", err)
		}
		for _, e := range part {
			entries++
			hash = hashEntry(hash, e)
			if e.N != entries || e.Hash != hash {
				return entries, entries, nil
			}
		}
		if len(part) == 0 {
			return entries, entries + 1, nil // the end is missing, or the head
		}
	}
	if hash != h.hash {
		return entries, max(entries, 1), nil
	}
	return entries, s.signer.brokenAt(h), nil
}
