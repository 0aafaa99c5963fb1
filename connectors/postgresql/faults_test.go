package postgresql_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/postgresql"
	"triagent/connectors/sourcetest"
	"triagent/internal/errs"
)

// access lets accounts in as pg_hba.conf can: by password, over TLS only, over
// TLS with a certificate, in clear text.
const access = `local all all trust
host all locked 127.0.0.1/32 scram-sha-256
hostssl all sealed 127.0.0.1/32 scram-sha-256
host all sealed 127.0.0.1/32 reject
hostssl all certified 127.0.0.1/32 trust clientcert=verify-ca
host all clear 127.0.0.1/32 password
host all all 127.0.0.1/32 trust
`

// TestLogin has a server that refuses us in each way, and lets us in.
func TestLogin(t *testing.T) {
	t.Parallel()
	ours, others := sourcetest.NewAuthority(t), sourcetest.NewAuthority(t)
	srv := start(t, nil, "", access)
	prepared(t, srv)
	certify(t, filepath.Join(srv.dir, "data"), ours, "127.0.0.1")
	for _, role := range []string{"locked", "sealed", "certified", "clear"} {
		srv.exec(t, "CREATE ROLE "+role+" LOGIN PASSWORD 'right-and-secret'", "GRANT pg_monitor TO "+role)
	}
	const right, wrong = "right-and-secret", "wrong-and-secret"
	verify := func(a *sourcetest.Authority) postgresql.TLS { return postgresql.TLS{TLS: fetch.TLS{CA: a.CA}} }
	client := postgresql.TLS{TLS: fetch.TLS{CA: ours.CA, Cert: ours.Cert, Key: ours.Key}}
	off := postgresql.TLS{Mode: "off"}
	noTLS := postgresql.Config{Hosts: []string{srv.addr()}, User: "watcher", TLS: postgresql.TLS{Mode: "require"}}
	if _, err := open(t, noTLS).Discover(t.Context(), lately()); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("a server without TLS: %v", err)
	}
	srv.exec(t, "ALTER SYSTEM SET ssl = on", "ALTER SYSTEM SET ssl_ca_file = '"+srv.place(t, ours.CA)+"'", "SELECT pg_reload_conf()")
	until(t, "TLS to be on", func() bool {
		_, err := open(t, noTLS).Discover(t.Context(), lately())
		return err == nil
	})
	for _, tt := range []struct {
		name, user, password string
		tls                  postgresql.TLS
		kind                 errs.Kind // empty: let in
		says                 string
	}{
		{"right password", "locked", right, off, "", ""},
		{"wrong password", "locked", wrong, off, errs.Denied, "check user and password"},
		{"no such account", "nobody_here", "", off, errs.Denied, "28"},
		{"TLS is preferred", "sealed", right, postgresql.TLS{}, "", ""},
		{"TLS is needed and off", "sealed", right, off, errs.Denied, "pg_hba.conf"},
		{"TLS is verified", "sealed", right, verify(ours), "", ""},
		{"of another authority", "sealed", right, verify(others), errs.Denied, "signed by nobody who is trusted"},
		{"for another name", "sealed", right, postgresql.TLS{TLS: fetch.TLS{CA: ours.CA, ServerName: "db.example"}}, errs.Denied, "for another name"},
		{"with our certificate", "certified", "", client, "", ""},
		{"without our certificate", "certified", "", verify(ours), errs.Denied, ""},
		{"clear text, unverified", "clear", right, off, errs.Denied, "clear text"},
		{"clear text, verified", "clear", right, verify(ours), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, postgresql.Config{Hosts: []string{srv.addr()}, User: tt.user, Password: connectors.Secret(tt.password), TLS: tt.tls})
			found, err := s.Discover(t.Context(), lately())
			if errs.KindOf(err) != tt.kind || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v (%s), want %q, %q", err, errs.KindOf(err), tt.kind, tt.says)
			}
			if len(found.Nodes) != 1 || (err == nil) != (len(found.Lacks) == 0) {
				t.Errorf("nodes %v, lacks %v", found.Nodes, found.Lacks)
			}
			if all := fmt.Sprint(err, found); strings.Contains(all, right) || strings.Contains(all, wrong) {
				t.Errorf("a password is told: %s", all)
			}
		})
	}
	s := open(t, postgresql.Config{Hosts: []string{srv.addr()}, User: "watcher", Database: "nowhere"})
	if _, err := s.Discover(t.Context(), lately()); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "database:") {
		t.Errorf("a database that is not there: %v", err)
	}
}

// TestRights has an account without pg_monitor: what it sees is handed over, and
// what it lacks is said with the statement that helps.
func TestRights(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "", "")
	s := open(t, postgresql.Config{Hosts: []string{srv.addr()}, User: "postgres"})
	srv.exec(t, `CREATE ROLE "odd name" LOGIN`)
	found, err := s.Discover(t.Context(), lately())
	if err != nil || len(found.Lacks) != 1 || !strings.Contains(found.Lacks[0].Remedy, "CREATE EXTENSION") {
		t.Errorf("lacks %+v, %v", found.Lacks, err)
	}
	s = open(t, postgresql.Config{Hosts: []string{srv.addr()}, User: "odd name"})
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if !has(missing(got), `GRANT pg_monitor TO "odd name";`) {
		t.Errorf("missing %q", missing(got))
	}
	if _, ok := last(got, srv.addr(), "pg_stat_database_xact_commit:per_s"); !ok {
		t.Error("nothing of what it may see")
	}
}

func missing(g sourcetest.Got) (out []string) {
	for _, m := range g.Missing {
		out = append(out, m.What+": "+m.Why)
	}
	return out
}

// TestReadOnly looks at our own session from outside: it can write nothing,
// whatever the account may.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "log_connections=on", "")
	srv.exec(t, "ALTER ROLE postgres SET log_statement = 'all'")
	s := open(t, postgresql.Config{Hosts: []string{srv.addr()}, User: "postgres", Sample: 2 * time.Second})
	watch := srv.session(t)
	done := make(chan error, 1)
	go func() {
		var r sourcetest.Recorder
		done <- s.Collect(context.Background(), connectors.Ask{Span: lately()}, &r)
	}()
	most := 0
	until(t, "the source to be done", func() bool {
		var n int
		if err := watch.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'triagent'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		most = max(most, n)
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return true
		default:
			return false
		}
	})
	if most != 1 {
		t.Errorf("%d connections at once", most)
	}
	until(t, "our session to end", func() bool {
		var n int
		err := watch.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'triagent'").Scan(&n)
		return err == nil && n == 0
	})
}

// TestHang has a server that takes connections and says nothing, one that
// refuses them, and one that is well: each costs only itself.
func TestHang(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	closed := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	srv := start(t, nil, "", "")
	prepared(t, srv)
	s := open(t, postgresql.Config{Hosts: []string{l.Addr().String(), closed, srv.addr()}, ConnectTimeout: 500 * time.Millisecond})
	begun := time.Now()
	found, err := s.Discover(t.Context(), lately())
	if err != nil || len(found.Nodes) != 3 || len(found.Lacks) != 2 {
		t.Errorf("found %+v, %v", found, err)
	}
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	for host, want := range map[string]float64{l.Addr().String(): 0, closed: 0, srv.addr(): 1} {
		if v, ok := last(got, host, "pg_up"); !ok || v != want {
			t.Errorf("pg_up of %s is %v, %v", host, v, ok)
		}
	}
	if m := missing(got); !has(m, l.Addr().String(), "did not answer in time") || !has(m, closed, "nothing listens there") {
		t.Errorf("missing %q", m)
	}
	for _, g := range found.Groups {
		if len(g.Members) != 3 {
			t.Errorf("group %+v: nodes that are silent belong to the only group there is", g)
		}
	}
	none := open(t, postgresql.Config{Hosts: []string{l.Addr().String()}, ConnectTimeout: 200 * time.Millisecond})
	got, err = collect(t, none)
	if errs.KindOf(err) != errs.Unavailable || errs.KindOf(discoverErr(t, none)) != errs.Unavailable {
		t.Errorf("nobody answers: %v", err)
	}
	if v, ok := last(got, l.Addr().String(), "pg_up"); !ok || v != 0 {
		t.Errorf("pg_up is %v, %v", v, ok)
	}
}

func discoverErr(t *testing.T, s *postgresql.Source) error {
	t.Helper()
	_, err := s.Discover(t.Context(), lately())
	return err
}

// TestTimeout has a server whose answers come too late for its own time limit:
// the statement is ended at the server, and the rest is handed over.
func TestTimeout(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "", "")
	prepared(t, srv)
	// A lock that nobody shares on a view of ours: we wait for it no longer than lock_timeout.
	holder := srv.session(t)
	for _, q := range []string{"BEGIN", "LOCK TABLE pg_stat_statements IN ACCESS EXCLUSIVE MODE"} {
		if _, err := holder.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		c    postgresql.Config
		says string
	}{
		{"lock_timeout", postgresql.Config{LockTimeout: 50 * time.Millisecond}, "raise lock_timeout"},
		{"statement_timeout", postgresql.Config{LockTimeout: 10 * time.Second, Timeout: 300 * time.Millisecond}, "took too long and was ended"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.c.Hosts = []string{srv.addr()}
			got, err := collect(t, open(t, tt.c))
			if err != nil {
				t.Fatal(err)
			}
			if !has(missing(got), "slow statements of "+srv.addr(), tt.says) {
				t.Errorf("missing %q", missing(got))
			}
			if _, ok := last(got, srv.addr(), "pg_stat_database_xact_commit:per_s"); !ok {
				t.Error("the rest is not handed over")
			}
		})
	}
}

// TestCancel gives up in the middle: it comes back at once with the cause.
func TestCancel(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "", "")
	prepared(t, srv)
	s := open(t, postgresql.Config{Hosts: []string{srv.addr()}, Sample: time.Minute})
	gone := errors.New("the user went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	var r sourcetest.Recorder
	go func() { done <- s.Collect(ctx, connectors.Ask{Span: lately()}, &r) }()
	watch := srv.session(t)
	until(t, "our session to be there", func() bool {
		var n int
		err := watch.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'triagent' AND state = 'idle'").Scan(&n)
		return err == nil && n == 1
	})
	cancel(gone)
	begun := time.Now()
	if err := <-done; !errors.Is(err, gone) {
		t.Errorf("it ends with %v", err)
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("it took %v to end", took)
	}
	full := errors.New("the disk is full")
	stopped := sourcetest.Recorder{Stop: full, After: 3}
	s = open(t, postgresql.Config{Hosts: []string{srv.addr()}})
	if err := s.Collect(t.Context(), connectors.Ask{Span: lately()}, &stopped); !errors.Is(err, full) || stopped.Late() > 1 {
		t.Errorf("a full sink: %v, %d calls after it", err, stopped.Late())
	}
	var few sourcetest.Recorder
	err := s.Collect(t.Context(), connectors.Ask{Span: lately(), Limit: connectors.Limit{Samples: 10}}, &few)
	if errs.KindOf(err) != errs.Exhausted || few.Tally().Samples > 10 {
		t.Errorf("a limit of 10 samples: %v, %d samples", err, few.Tally().Samples)
	}
}

// TestCrash ends a server under the eyes of a source: it remembers that it was up.
func TestCrash(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "", "")
	prepared(t, srv)
	s := open(t, postgresql.Config{Hosts: []string{srv.addr()}})
	if err := discoverErr(t, s); err != nil {
		t.Fatal(err)
	}
	srv.stop()
	got, err := collect(t, s)
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("a server that is gone: %v", err)
	}
	for _, x := range got.Series {
		if x.Name != "pg_up" || len(x.Values) < 2 || x.Values[0] != 1 || x.Values[len(x.Values)-1] != 0 {
			t.Errorf("%s is %v", x.Name, x.Values)
		}
	}
	if len(got.Found) == 0 || len(got.Found[0].Roles) != 1 || len(got.Found[0].Groups) != 1 {
		t.Errorf("found %+v: its role and its group were seen before", got.Found)
	}
}

// TestBroken has connections that break off in the middle of answers, for good
// and once, and answers that come late.
func TestBroken(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "", "")
	prepared(t, srv)
	proxy := sourcetest.NewToxic(t, srv.addr())
	s := open(t, postgresql.Config{Hosts: []string{proxy.Addr}, TLS: postgresql.TLS{Mode: "off"}, Sample: 2 * time.Second, Timeout: time.Second, ConnectTimeout: time.Second})
	proxy.Break(6000) // the log-in and some of the first answers
	got, err := collect(t, s)
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("it breaks off every time: %v", err)
	}
	if v, ok := last(got, proxy.Addr, "pg_up"); !ok || v != 0 {
		t.Errorf("pg_up is %v, %v", v, ok)
	}
	proxy.Heal()
	if got, err = collect(t, s); err != nil {
		t.Errorf("healed: %v", err)
	}
	if v, _ := last(got, proxy.Addr, "pg_up"); v != 1 {
		t.Errorf("healed: pg_up is %v", v)
	}
	proxy.Slow(3000)
	if _, err = collect(t, s); errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("answers come after 3 s: %v", err)
	}
	proxy.Heal()
	proxy.Reset()
	if _, err = collect(t, s); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("every connection is reset: %v", err)
	}
}
