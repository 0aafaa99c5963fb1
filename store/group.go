package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// group makes many writes of SQLite durable at the price of one. Whoever comes
// while no write is under way leads: it runs its own function and those that
// gathered meanwhile in one transaction, each in a savepoint so that a failing
// one undoes only itself, commits once, and answers all. Then the first of
// those who came since leads. There is no goroutine.
type group struct {
	db *sql.DB // of one connection

	mu      sync.Mutex
	busy    bool // somebody leads
	closed  bool
	waiting []*call

	// Only who leads touches these.
	conn  *sql.Conn
	stmts cache
}

// call is one function waiting for its turn.
type call struct {
	ctx  context.Context // a waiting caller's, read by who leads
	f    func(context.Context, querier) error
	err  error
	turn chan bool // true: lead; false: done, err is set
}

// maxGroup bounds the functions of one transaction.
const maxGroup = 512

var errClosed = errors.New("the store is closed")

// do runs f in a transaction and returns once it is durable. A caller whose ctx
// ends before its turn comes is not run.
func (g *group) do(ctx context.Context, f func(context.Context, querier) error) error {
	return g.enter(&call{ctx: ctx, f: f, turn: make(chan bool, 1)}, false) //nolint:contextcheck // the call carries it
}

// enter waits for the turn of c. The last call closes the door behind itself.
func (g *group) enter(c *call, last bool) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return errClosed
	}
	g.closed = last
	if g.busy {
		g.waiting = append(g.waiting, c)
		g.mu.Unlock()
		if lead := g.wait(c); !lead {
			return c.err
		}
	} else {
		g.busy = true
		g.mu.Unlock()
	}
	g.lead(c)
	return c.err
}

// wait returns true if c is to lead, false if c.err is the answer.
func (g *group) wait(c *call) bool {
	select {
	case lead := <-c.turn:
		return lead
	case <-c.ctx.Done():
	}
	g.mu.Lock()
	i := slices.Index(g.waiting, c)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	g.mu.Unlock()
	if i >= 0 {
		c.err = c.ctx.Err()
		return false
	}
	return <-c.turn // it is being run
}

// lead runs c and whoever waits, answers them and hands over.
func (g *group) lead(c *call) {
	g.mu.Lock()
	n := min(len(g.waiting), maxGroup-1)
	batch := append([]*call{c}, g.waiting[:n]...)
	g.waiting = slices.Delete(g.waiting, 0, n)
	g.mu.Unlock()

	// A caller that gives up must not tear the others' transaction.
	if err := g.run(context.WithoutCancel(c.ctx), batch); err != nil {
		for _, c := range batch {
			if c.err == nil {
				c.err = err
			}
		}
	}
	for _, other := range batch[1:] {
		other.turn <- false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.busy = false
		return
	}
	next := g.waiting[0]
	g.waiting = slices.Delete(g.waiting, 0, 1)
	next.turn <- true
}

// run runs the calls in one transaction. An error is that of all calls which
// have none of their own.
func (g *group) run(ctx context.Context, batch []*call) (err error) {
	if err := g.connect(ctx); err != nil {
		return err
	}
	if _, err := g.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		g.drop(err)
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			if _, undo := g.conn.ExecContext(ctx, "ROLLBACK"); undo != nil {
				g.drop(undo) // a connection in an unknown state is not used again
			}
		}
	}()
	for _, c := range batch {
		if err := g.one(ctx, c, len(batch) > 1); err != nil {
			return err
		}
	}
	if len(batch) == 1 && batch[0].err != nil {
		return batch[0].err
	}
	if _, err := g.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// one runs a call, in a savepoint if it is not alone. An error is one that ends
// the transaction of all.
func (g *group) one(ctx context.Context, c *call, savepoint bool) error {
	select {
	case <-c.ctx.Done():
		c.err = c.ctx.Err()
		return nil
	default:
	}
	if savepoint {
		if _, err := g.ExecContext(ctx, "SAVEPOINT call"); err != nil {
			return err
		}
	}
	c.err = guarded(context.WithoutCancel(c.ctx), c.f, g) //nolint:contextcheck // each call has its own
	if !savepoint {
		return nil
	}
	if c.err != nil {
		if _, err := g.ExecContext(ctx, "ROLLBACK TO call"); err != nil {
			return fmt.Errorf("undo one write: %w", errors.Join(err, c.err))
		}
	}
	_, err := g.ExecContext(ctx, "RELEASE call")
	return err
}

// guarded runs f; its panic must not strand those who wait.
func guarded(ctx context.Context, f func(context.Context, querier) error, q querier) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a write panicked: %v", p)
		}
	}()
	return f(ctx, q)
}

func (g *group) connect(ctx context.Context) error {
	if g.conn != nil {
		return nil
	}
	conn, err := g.db.Conn(ctx)
	if err != nil {
		return err
	}
	g.conn = conn
	return nil
}

// drop gives up the connection after an error, unless the database was only busy.
func (g *group) drop(err error) {
	var lite *sqlite.Error
	if errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY {
		return
	}
	g.stmts.close()
	_ = g.conn.Raw(func(any) error { return driver.ErrBadConn }) // closes it for good
	_ = g.conn.Close()                                           // and lets go of it
	g.conn = nil
}

// close waits for those who came before and closes the connection.
func (g *group) close() error {
	var err error
	entered := g.enter(&call{ctx: context.Background(), turn: make(chan bool, 1), f: func(context.Context, querier) error {
		return nil
	}}, true)
	if !errors.Is(entered, errClosed) && g.conn != nil {
		g.stmts.close()
		err = g.conn.Close()
		g.conn = nil
	}
	return err
}

// ExecContext runs a statement of who leads.
func (g *group) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := g.stmts.get(ctx, g.conn, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return g.conn.ExecContext(ctx, query, args...)
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext runs a query of who leads.
func (g *group) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := g.stmts.get(ctx, g.conn, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return g.conn.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext runs a query of who leads that yields at most one row.
func (g *group) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := g.stmts.get(ctx, g.conn, query)
	if err != nil || s == nil {
		return g.conn.QueryRowContext(ctx, query, args...) // says the error again
	}
	return s.QueryRowContext(ctx, args...)
}
