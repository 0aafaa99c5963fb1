package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// querier runs statements: a transaction, or a pool where one statement is all.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// txn is one write. What it says to others and to the audit is gathered and
// written at its end, so that the two rows that all writers share, head of the
// audit and revision, are held for the shortest time and always in this order.
type txn struct {
	q       querier
	at      time.Time
	signer  signer
	entries []Entry
	changes []Change
	revised bool // an incident was changed
}

// exec runs a statement and returns how many rows it changed.
func (t *txn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.q.ExecContext(ctx, query, plain(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row runs a query that yields at most one row.
func (t *txn) row(ctx context.Context, query string, args ...any) *sql.Row {
	return t.q.QueryRowContext(ctx, query, plain(args)...)
}

// query runs a query; its rows must be read before the next statement.
func (t *txn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.q.QueryContext(ctx, query, plain(args)...)
}

// changed tells the listeners, after the commit, that an incident was changed.
func (t *txn) changed(kind, id string) {
	t.revised = t.revised || kind == "incident"
	for _, c := range t.changes {
		if c == (Change{id, kind}) {
			return
		}
	}
	t.changes = append(t.changes, Change{Incident: id, Kind: kind})
}

// audit notes an entry for the end of the transaction.
func (t *txn) audit(by Actor, action, object string, detail map[string]string) {
	t.entries = append(t.entries, Entry{At: t.at, Actor: by, Action: action, Object: object, Detail: detail})
}

const bumpRevision = `UPDATE counters SET value = value + 1 WHERE name = 'revision'`

// end writes what was gathered.
func (t *txn) end(ctx context.Context) error {
	if len(t.entries) > 0 {
		if err := t.appendAudit(ctx); err != nil {
			return fmt.Errorf("append to the audit: %w", err)
		}
	}
	if t.revised {
		if _, err := t.exec(ctx, bumpRevision); err != nil {
			return fmt.Errorf("count the revision: %w", err)
		}
	}
	return nil
}

// tries bounds how often a transaction that met another is run.
const tries = 20

// update runs f in a transaction and returns once it is durable. On PostgreSQL
// f is run again when it met another transaction, so it must set what it
// yields, not add to it. Op says what is done, for the error.
func (s *Store) update(ctx context.Context, op string, f func(ctx context.Context, t *txn) error) error {
	var t *txn
	run := func(ctx context.Context, q querier) error {
		t = &txn{q: q, at: s.now(), signer: s.signer}
		if err := f(ctx, t); err != nil {
			return err
		}
		return t.end(ctx)
	}
	var err error
	for i := range tries {
		if s.dialect == SQLite {
			err = s.group.do(ctx, run)
		} else {
			err = s.transact(ctx, run)
		}
		if err == nil || !again(err) {
			break
		}
		if err := pause(ctx, i); err != nil {
			return kinded(op, err)
		}
	}
	if err != nil {
		return kinded(op, err)
	}
	if s.cfg.Changed != nil {
		for _, c := range t.changes {
			s.cfg.Changed(c)
		}
	}
	return nil
}

// transact runs f in an ordinary transaction of the pool.
func (s *Store) transact(ctx context.Context, f func(context.Context, querier) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(ctx, tx); err != nil {
		_ = tx.Rollback() // f's error is the one that matters
		return err
	}
	return tx.Commit()
}

// pause waits before try i+1, longer each time and never the same.
func pause(ctx context.Context, i int) error {
	d := time.Millisecond << min(i, 6)
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// rows runs a query of the readers.
func (s *Store) rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s.dialect == SQLite {
		stmt, err := s.stmts.get(ctx, s.read, query)
		if err != nil {
			return nil, err
		}
		if stmt != nil {
			return stmt.QueryContext(ctx, plain(args)...)
		}
	}
	return s.read.QueryContext(ctx, query, plain(args)...)
}

// row runs a query of the readers that yields at most one row.
func (s *Store) row(ctx context.Context, query string, args ...any) *sql.Row {
	if s.dialect == SQLite {
		if stmt, err := s.stmts.get(ctx, s.read, query); err == nil && stmt != nil {
			return stmt.QueryRowContext(ctx, plain(args)...)
		}
	}
	return s.read.QueryRowContext(ctx, query, plain(args)...) // says the error again
}

// all returns a function that takes over what a query gave back and reads all
// rows of it.
func all[T any](scan func(scanner) (T, error)) func(*sql.Rows, error) ([]T, error) {
	return func(rows *sql.Rows, err error) ([]T, error) {
		if err != nil {
			return nil, err
		}
		defer func() { _ = rows.Close() }() // Err says what went wrong
		var out []T
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, rows.Err()
	}
}

func scanInt(row scanner) (n int64, err error) { return n, row.Scan(&n) }

func scanString(row scanner) (s string, err error) { return s, row.Scan(&s) }

// scanner is one row: *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// plain makes text that every database takes: valid UTF-8 without NUL bytes,
// and no missing bytes.
func plain(args []any) []any {
	for i, a := range args {
		switch a := a.(type) {
		case string:
			if strings.IndexByte(a, 0) >= 0 || !utf8.ValidString(a) {
				args[i] = strings.ReplaceAll(strings.ToValidUTF8(a, "\uFFFD"), "\x00", "\uFFFD")
			}
		case []byte:
			if a == nil {
				args[i] = []byte{}
			}
		}
	}
	return args
}

// cache keeps prepared statements by their text. The texts come from constants
// and fixed fragments, so there are few; past maxStmts it keeps no more.
type cache struct {
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

const maxStmts = 512

// preparer is a pool or one connection.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// get returns the prepared statement of a text; nil if it keeps no more.
func (c *cache) get(ctx context.Context, db preparer, query string) (*sql.Stmt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	if len(c.stmts) >= maxStmts {
		return nil, nil
	}
	s, err := db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if c.stmts == nil {
		c.stmts = map[string]*sql.Stmt{}
	}
	c.stmts[query] = s
	return s, nil
}

func (c *cache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.stmts {
		_ = s.Close() // the connection is closed next
	}
	c.stmts = nil
}
