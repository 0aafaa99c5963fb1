package postgresql_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/connectors/fetch"
	"triagent/connectors/postgresql"
	"triagent/incident"
)

// answers of Patroni 3.0.2 after a failover, with the ports of the test.
func restAPI(t *testing.T, cluster, history string) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, body := range map[string]string{"/cluster": cluster, "/history": history} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(body)) // the client may have gone
		})
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// TestPatroni has a cluster whose first node is a real server, whose second does
// not answer, and of whose third only Patroni knows.
func TestPatroni(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "cluster_name=shop", "")
	prepared(t, srv)
	gone := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	failed := time.Now().Add(-2 * time.Minute).UTC()
	url := restAPI(t, fmt.Sprintf(`{"members": [
		{"name": "pg-1", "role": "leader", "state": "running", "api_url": "http://127.0.0.1:8008/patroni", "host": "127.0.0.1", "port": %d, "timeline": 2},
		{"name": "pg-2", "role": "replica", "state": "stopped", "api_url": "http://127.0.0.1:8009/patroni", "host": "127.0.0.1", "port": %s, "lag": "unknown"},
		{"name": "pg-3", "role": "sync_standby", "state": "streaming", "api_url": "http://127.0.0.9:8008/patroni", "host": "127.0.0.9", "port": "5432"}, {"name": ""}], "pause": true}`,
		srv.port, strings.TrimPrefix(gone, "127.0.0.1:")),
		fmt.Sprintf(`[[1, 83886280, "no recovery target specified", "%s", "pg-1"]]`, failed.Format("2006-01-02T15:04:05.000000+00:00")))
	nobody := fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	s := open(t, postgresql.Config{Hosts: []string{srv.addr(), gone}, Patroni: postgresql.Patroni{URLs: []string{nobody, url}}, ConnectTimeout: time.Second})
	found, err := s.Discover(t.Context(), lately())
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Nodes) != 3 || !slices.Equal(found.Nodes[0].Names, []string{"pg-1", srv.addr(), "127.0.0.1:8008"}) ||
		!slices.Equal(found.Nodes[2].Names, []string{"pg-3", "127.0.0.9:5432", "127.0.0.9:8008", "127.0.0.9"}) {
		t.Errorf("nodes %+v", found.Nodes)
	}
	if len(found.Groups) != 1 || found.Groups[0].ID != "shop" || !slices.Equal(found.Groups[0].Members, []string{"pg-1", "pg-2", "pg-3"}) {
		t.Errorf("groups %+v", found.Groups)
	}
	var lacks []string
	for _, l := range found.Lacks {
		lacks = append(lacks, l.What+": "+l.Why+": "+l.Remedy)
	}
	if len(lacks) != 2 || !has(lacks, "pg-2", "nothing listens there") || !has(lacks, "pg-3", "add 127.0.0.9:5432 to hosts") {
		t.Errorf("lacks %q", lacks)
	}
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got.Changes {
		if c.Kind == "failover" && (c.Node != "pg-1" || time.Unix(0, c.Time).Sub(failed).Abs() > time.Millisecond || !strings.Contains(c.Query, "/history")) {
			t.Errorf("failover %+v", c)
		}
	}
	if !has(changesOf(got, "failover"), "pg-1 became leader", "timeline 1") {
		t.Errorf("changes %+v", got.Changes)
	}
	for _, r := range got.Found[0].Roles {
		if r.Node == "pg-1" && (r.Role != incident.Leader || r.Group != "shop") {
			t.Errorf("role %+v", r)
		}
	}
	if v, ok := last(got, "pg-2", "pg_up"); !ok || v != 0 {
		t.Errorf("pg_up of pg-2 is %v, %v", v, ok)
	}
}

// TestPatroniFails has an API that is no Patroni's: it costs only itself.
func TestPatroniFails(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "", "")
	prepared(t, srv)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>log in</html>")) // the client may have gone
	}))
	t.Cleanup(page.Close)
	for _, url := range []string{page.URL, restAPI(t, `{"members": [{"na`, `[]`), restAPI(t, `[]`, `{}`)} {
		s := open(t, postgresql.Config{Hosts: []string{srv.addr()}, Patroni: postgresql.Patroni{Settings: fetch.Settings{URL: url}}})
		got, err := collect(t, s)
		if err != nil {
			t.Fatal(err)
		}
		if !has(missing(got), "members and failovers as Patroni knows them") {
			t.Errorf("missing %q", missing(got))
		}
		if v, _ := last(got, srv.addr(), "pg_up"); v != 1 {
			t.Errorf("pg_up is %v", v)
		}
	}
}
