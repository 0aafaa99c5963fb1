package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // database/sql driver "sqlite"

	"triagent/internal/errs"
)

// The databases that a Store can stand on, as Dialect names them.
const (
	SQLite     = "sqlite"
	PostgreSQL = "postgres"
)

// Config says where the state is kept.
type Config struct {
	Path      string                                     // SQLite file; its folder is made. Not read if URL is set
	URL       string                                     // "postgres://..."; empty: SQLite. Holds a password: never printed
	Blobs     string                                     // folder of bundles and uploads; made. Empty: "bundles" beside Path
	MaxQueued int                                        // diagnoses that may be queued; 0: 1000
	Reserve   int64                                      // bytes that bundles and uploads leave free on their disk; 0: Reserve
	Uploads   int                                        // uploads that one user may have under way; 0: 20
	Announced int64                                      // bytes that one user's uploads under way may have; 0: 32 GiB
	Changed   func(Change)                               // called after each commit of this process that changed something; must not block. nil: nobody listens
	AuditKeys [][]byte                                   // sign the end of the audit, the first new ones; none: it is not signed. See SignAudit
	AuditMark string                                     // file that says that it is signed; made, outside of the database
	Now       func() time.Time                           // nil: time.Now
	Free      func(dir string) (free uint64, known bool) // bytes free on the disk of a folder; nil: asks the system
	Log       *slog.Logger                               // migrations are said here; nil: nowhere
}

// Change says that something of an incident is no longer what it was.
type Change struct {
	Incident string // "inc-42"; empty: not about one incident
	Kind     string // "incident", "trace", "delivery" or "queue"
}

// Store is the state of the service. Make one with New.
type Store struct {
	cfg     Config
	dialect string
	read    *sql.DB // SQLite: several readers; PostgreSQL: the one pool
	stmts   cache   // of read; SQLite only
	write   *sql.DB // SQLite: one connection
	group   group   // SQLite only
	signer  signer
	fresh   bool   // this start made the tables
	holder  string // of this start, for what it writes to
	uploads busyIDs
	probe   probe
	hay     haystack
	texts   texts
	kept    readRows // of incidents
}

// New opens the state, makes what is missing and brings the schema up to date.
// Several processes may do so at once: one migrates, the others wait.
func New(ctx context.Context, cfg Config) (*Store, error) {
	cfg.fill()
	if err := cfg.folders(); err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, dialect: SQLite, signer: signer{cfg.AuditKeys, cfg.AuditMark}, holder: newID()}
	var err error
	if cfg.URL != "" {
		s.dialect = PostgreSQL
		err = s.openPostgres()
	} else {
		err = s.openSQLite()
	}
	if err == nil {
		err = s.migrate(ctx)
	}
	if err != nil {
		_ = s.Close() //nolint:contextcheck // closing waits for nobody here; the first error says more
		return nil, kinded("open the database", err)
	}
	return s, nil
}

func (c *Config) fill() {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Free == nil {
		c.Free = freeBytes
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for n, def := range map[*int]int{&c.MaxQueued: 1000, &c.Uploads: 20} {
		if *n == 0 {
			*n = def
		}
	}
	for n, def := range map[*int64]int64{&c.Reserve: Reserve, &c.Announced: 32 << 30} {
		if *n == 0 {
			*n = def
		}
	}
}

// folders checks the configuration and makes the folders it names.
func (c *Config) folders() error {
	if c.URL == "" && c.Path == "" {
		return errs.New(errs.Invalid, "no database is configured: neither a file nor a URL")
	}
	if c.URL != "" && !strings.HasPrefix(c.URL, "postgres://") && !strings.HasPrefix(c.URL, "postgresql://") {
		return errs.New(errs.Invalid, "the database URL must begin with postgres://")
	}
	if c.Blobs == "" {
		if c.Path == "" {
			return errs.New(errs.Invalid, "no folder for bundles is configured")
		}
		c.Blobs = filepath.Join(filepath.Dir(c.Path), "bundles")
	}
	dirs := []string{c.Blobs, filepath.Join(c.Blobs, partDir)}
	if c.URL == "" {
		dirs = append(dirs, filepath.Dir(c.Path))
	}
	for _, d := range dirs {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return &errs.Error{Op: "make the data folder", Kind: errs.Invalid, Err: err}
		}
	}
	return nil
}

// sqliteName is the data source name of the file with what every connection
// sets first.
func sqliteName(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"temp_store(MEMORY)", "cache_size(-32768)", "journal_size_limit(67108864)",
	}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func (s *Store) openSQLite() error {
	path, err := filepath.Abs(s.cfg.Path)
	if err != nil {
		return fmt.Errorf("find the database file: %w", err)
	}
	if err := private(path); err != nil {
		return &errs.Error{Kind: errs.Invalid, Err: err, Remedy: "name a data folder whose files this user owns"}
	}
	if s.write, err = sql.Open("sqlite", sqliteName(path)); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	s.group.db = s.write
	if s.read, err = sql.Open("sqlite", sqliteName(path, "query_only(1)")); err != nil {
		return err
	}
	readers := max(4, runtime.NumCPU())
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return nil
}

func (s *Store) openPostgres() error {
	cfg, err := pgx.ParseConfig(s.cfg.URL)
	if err != nil {
		return &errs.Error{Kind: errs.Invalid, Err: errors.New("the database URL cannot be read"), Remedy: "write it as postgres://user:password@host:5432/name"}
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "triagent"
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(max(16, 4*runtime.NumCPU()))
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.read, s.write = db, db
	return nil
}

// Close waits for what is being written and closes the database.
func (s *Store) Close() error {
	var first error
	if s.dialect == SQLite {
		first = s.group.close()
	}
	s.stmts.close()
	for _, db := range []*sql.DB{s.read, s.write} {
		if db == nil {
			continue
		}
		if err := db.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return kinded("ask the database", s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// Dialect names the database: SQLite or PostgreSQL.
func (s *Store) Dialect() string { return s.dialect }

func (s *Store) now() time.Time { return s.cfg.Now().UTC() }
