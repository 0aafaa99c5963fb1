package postgresql

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// session is one connection to one node. It reads only, gives up what takes
// long, and is closed by whoever opened it.
type session struct {
	*pgx.Conn
	s *Source
	n *node
}

// errLate says that a node took longer than we wait.
var errLate = errors.New("it did not answer in time")

// dialConfig is how nodes are reached, without the node's own address. Nothing
// is taken from the environment or from files that libpq reads.
func dialConfig(c *Config) (*pgx.ConnConfig, error) {
	p, err := pgx.ParseConfig("postgres://triagent@127.0.0.1:5432/postgres?sslmode=disable&connect_timeout=" +
		strconv.Itoa(1+int(c.ConnectTimeout/time.Second)))
	if err != nil {
		return nil, errs.New(errs.Invalid, "settings of PostgreSQL in the environment are not readable: unset PGSERVICE and its like")
	}
	p.User, p.Password, p.Database = c.User, string(c.Password), c.Database
	p.Fallbacks, p.KerberosSrvName, p.ValidateConnect, p.AfterConnect = nil, "", nil, nil
	p.RuntimeParams = map[string]string{
		"application_name":              application,
		"default_transaction_read_only": "on",
		"statement_timeout":             millis(c.Timeout),
		"lock_timeout":                  millis(c.LockTimeout),
		// A connection that we lost sight of ends by itself.
		"idle_in_transaction_session_timeout": millis(c.Timeout),
		"client_encoding":                     "UTF8",
		"DateStyle":                           "ISO",
	}
	p.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // leaves no prepared statement behind
	if c.TLS.mode() != "verify" {
		p.RequireAuth = "!password" // whoever answers might not be the server
	}
	p.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		// The server is told to stop: a statement that nobody waits for is load.
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: time.Second}
	}
	return p, nil
}

func millis(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }

// application is how our sessions name themselves.
const application = "triagent"

// open connects to a node. At most two connections to it are open at a time.
func (s *Source) open(ctx context.Context, n *node) (*session, error) {
	if err := n.slots.Acquire(ctx, 1); err != nil {
		return nil, context.Cause(ctx)
	}
	c := s.dial.Copy()
	c.Host, c.Port, c.TLSConfig = n.at.host, n.at.port, s.encrypt(n)
	c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &counted{conn, s}, nil
	}
	limited, cancel := context.WithTimeoutCause(ctx, s.c.ConnectTimeout, errLate)
	defer cancel()
	conn, err := s.connect(limited, c)
	if err != nil {
		n.slots.Release(1)
		return nil, s.failed(limited, n, err)
	}
	return &session{Conn: conn, s: s, n: n}, nil
}

// connect connects to a node; where encryption is preferred and does not come
// about, without. There, whoever listens on the line would have a password that
// is asked for as its MD5, so it is not given, but on the loopback.
func (s *Source) connect(ctx context.Context, c *pgx.ConnConfig) (*pgx.Conn, error) {
	s.requests.Add(1)
	conn, err := pgx.ConnectConfig(ctx, c)
	if err == nil || s.c.TLS.mode() != "prefer" || ctx.Err() != nil || refused(err) {
		return conn, err
	}
	plain := c.Copy()
	plain.TLSConfig = nil
	if !s.near(c.Host) {
		plain.RequireAuth = "!password,!md5"
	}
	s.requests.Add(1)
	conn, again := pgx.ConnectConfig(ctx, plain)
	if again != nil {
		return nil, errors.Join(again, err)
	}
	return conn, nil
}

// refused reports whether a server has said no for good, or asks for what we do
// not give: without encryption it would be the same.
func refused(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "28P01" || pg.Code == "3D000" || pg.Code == "42501"
	}
	return strings.Contains(err.Error(), "require_auth") // pgconn has no type for it
}

// loopback reports whether a host is this machine by its name or number.
func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// encrypt is how a node is spoken to; nil: in the clear.
func (s *Source) encrypt(n *node) *tls.Config {
	if s.tls == nil {
		return nil
	}
	t := s.tls.Clone()
	if t.ServerName == "" {
		t.ServerName = n.at.host
	}
	return t
}

// tlsOf reads the files that the settings name; nil: no encryption.
func tlsOf(c *TLS) (*tls.Config, error) {
	if c.mode() == "off" {
		return nil, nil
	}
	t, err := (&fetch.TLS{CA: c.CA, Cert: c.Cert, Key: c.Key, ServerName: c.ServerName, SkipVerify: c.SkipVerify || c.mode() != "verify"}).Config()
	if err != nil {
		return nil, err
	}
	return t, nil
}

// close ends the connection and waits until nothing of it is left.
func (x *session) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = x.Close(ctx) // it is not used again
	<-x.PgConn().CleanupDone()
	x.n.slots.Release(1)
}

// rows asks and calls each for every row, up to most rows.
func (x *session) rows(ctx context.Context, most int, each func(pgx.Rows) error, sql string, args ...any) error {
	x.s.requests.Add(1)
	limited, cancel := context.WithTimeoutCause(ctx, x.s.c.Timeout+time.Second, errLate) // the server's own limit comes first
	defer cancel()
	rows, err := x.Query(limited, sql, args...)
	if err != nil {
		return x.s.failed(limited, x.n, err)
	}
	defer rows.Close()
	for i := 0; rows.Next() && i < most; i++ {
		if err := each(rows); err != nil {
			return x.s.failed(limited, x.n, err)
		}
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return x.s.failed(limited, x.n, err)
	}
	return nil
}

// one asks for one row and scans it into dst.
func (x *session) one(ctx context.Context, dst []any, sql string, args ...any) error {
	found := false
	err := x.rows(ctx, 1, func(r pgx.Rows) error {
		found = true
		return r.Scan(dst...)
	}, sql, args...)
	if err == nil && !found {
		return &errs.Error{Op: x.n.at.String(), Kind: errs.Invalid, Err: errors.New("it gives no row where one is wanted"), Remedy: "check that it is PostgreSQL itself"}
	}
	return err
}

// counted counts the bytes of answers.
type counted struct {
	net.Conn
	s *Source
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.s.bytes.Add(int64(n))
	return n, err
}
