package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// accounts is how many rows the load moves money between.
const accounts = 1000

// Load is what clients do: transfers on the leader, and reads of a standby.
type Load struct {
	Clients int     // 0: 8
	Rate    float64 // transfers a second, all clients together; 0: 100
	Report  func(Tally)
}

// Tally is what was done in a while.
type Tally struct {
	For          time.Duration
	Done, Failed int64
	LastError    string
}

// Prepare makes the tables of the load and the account that watches.
func (p *Plan) Prepare(ctx context.Context) error {
	return p.on(ctx, p.Leader, func(c *pgx.Conn) error {
		for _, q := range []string{
			"CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
			"CREATE TABLE IF NOT EXISTS account (id int PRIMARY KEY, balance bigint NOT NULL, note text)",
			fmt.Sprintf("INSERT INTO account SELECT g, 1000, repeat('x', 400) FROM generate_series(1, %d) g ON CONFLICT DO NOTHING", accounts),
			"CREATE TABLE IF NOT EXISTS transfer (at timestamptz DEFAULT clock_timestamp(), payer int, payee int, amount int, note text)",
			"DO $$ BEGIN CREATE ROLE triagent LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
			"GRANT pg_monitor TO triagent",
		} {
			if _, err := c.Exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// on connects to a node, calls f and disconnects.
func (p *Plan) on(ctx context.Context, which func(context.Context) (*Node, error), f func(*pgx.Conn) error) error {
	n, err := which(ctx)
	if err != nil {
		return err
	}
	c, err := n.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }() // it is done with
	return f(c)
}

// Connect connects to a node as its superuser.
func (n *Node) Connect(ctx context.Context) (*pgx.Conn, error) {
	host, port := hostPort(n.SQL)
	return pgx.Connect(ctx, fmt.Sprintf("host=%s port=%s user=postgres dbname=postgres sslmode=disable connect_timeout=3 application_name=shop", host, port))
}

// Run does the load until ctx ends. What fails is counted, and tried again with
// whoever leads then.
func (p *Plan) Run(ctx context.Context, l Load) {
	if l.Clients == 0 {
		l.Clients = 8
	}
	if l.Rate == 0 {
		l.Rate = 100
	}
	var done, failed atomic.Int64
	var last atomic.Value
	last.Store("")
	var g errgroup.Group
	for range l.Clients {
		g.Go(func() error {
			for ctx.Err() == nil {
				err := p.on(ctx, p.Leader, func(c *pgx.Conn) error { return transfers(ctx, c, l.Rate/float64(l.Clients), &done) })
				if err != nil && ctx.Err() == nil {
					failed.Add(1)
					last.Store(err.Error())
					wait(ctx, 500*time.Millisecond)
				}
			}
			return nil
		})
	}
	const every = 5 * time.Second
	for wait(ctx, every) {
		if l.Report != nil {
			l.Report(Tally{every, done.Swap(0), failed.Swap(0), last.Swap("").(string)})
		}
	}
	_ = g.Wait() // clients give no error
}

// transfers moves money at a pace until something fails. An answer that takes
// half a minute is a failure.
func transfers(ctx context.Context, c *pgx.Conn, rate float64, done *atomic.Int64) error {
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		payer, payee, amount := rand.IntN(accounts)+1, rand.IntN(accounts)+1, rand.IntN(100)
		if err := transfer(ctx, c, payer, payee, amount); err != nil {
			return err
		}
		done.Add(1)
	}
}

func transfer(ctx context.Context, c *pgx.Conn, payer, payee, amount int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		first, second := min(payer, payee), max(payer, payee) // in order, so that none deadlocks
		for _, q := range []struct {
			sql  string
			args []any
		}{
			{"SELECT balance FROM account WHERE id = $1", []any{payer}},
			{"UPDATE account SET balance = balance + $1 WHERE id = $2", []any{amount, first}},
			{"UPDATE account SET balance = balance - $1 WHERE id = $2", []any{amount, second}},
			{"INSERT INTO transfer (payer, payee, amount, note) VALUES ($1, $2, $3, repeat('y', 500))", []any{payer, payee, amount}},
		} {
			if _, err := tx.Exec(ctx, q.sql, q.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// wait waits; false: ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
