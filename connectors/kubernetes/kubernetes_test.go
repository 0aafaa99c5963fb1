package kubernetes_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/kubernetes"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/internal/errs"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

var ask = connectors.Ask{Span: incident.Window{From: hour, To: hour.Add(30 * time.Minute)}}

func source(t testing.TB, c kubernetes.Config) *kubernetes.Source {
	t.Helper()
	if c.Proxy == "" {
		c.Proxy = "none"
	}
	c.Rate = 1000
	s, err := kubernetes.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func collect(t testing.TB, s *kubernetes.Source, ask connectors.Ask) sourcetest.Got {
	t.Helper()
	var rec sourcetest.Recorder
	if err := s.Collect(t.Context(), ask, &rec); err != nil {
		t.Fatal(err)
	}
	return rec.Got()
}

// texts are changes and lines as people read them, in the order of time.
func texts(g sourcetest.Got) []string {
	var out []string
	for _, c := range g.Changes {
		out = append(out, time.Unix(0, c.Time).UTC().Format("15:04")+" "+c.Node+" "+c.Kind+": "+c.Text)
	}
	for _, l := range g.Lines {
		out = append(out, time.Unix(0, l.Time).UTC().Format("15:04")+" "+l.Node+" "+l.Level.String()+": "+string(l.Body))
	}
	slices.Sort(out)
	return out
}

func TestCollect(t *testing.T) {
	s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, everything())}, Labels: "app=iotdb", Page: 2})
	want := []string{
		"10:00 db-2 status: the pod is Failed: Evicted: The node was low on resource: memory., at some time since 2026-11-20T00:01:00Z",
		"10:05  deployment: Deployment db/web has a new revision, web-abc, number 4, image web:2.1",
		"10:06  deployment: StatefulSet db/db has a new revision, db-6f7, number 4",
		"10:09 db-2 status: machine m2: EvictionThresholdMet: Attempting to reclaim memory",
		"10:09 db-2 status: machine m2: MemoryPressure is True: KubeletHasInsufficientMemory: memory is short",
		"10:09 db-3 status: machine m2: EvictionThresholdMet: Attempting to reclaim memory",
		"10:09 db-3 status: machine m2: MemoryPressure is True: KubeletHasInsufficientMemory: memory is short",
		"10:11 db-0 WARN: Unhealthy: Liveness probe failed: connection refused (4 times, 2026-11-20T10:11:00Z to 2026-11-20T10:13:00Z)",
		"10:12 db-0 INFO: Pulled: image is present",
		"10:12 db-0 restart: Killing: Stopping container db",
		"10:12 db-0 restart: container db ended: OOMKilled, exit code 137; 3 restarts so far",
		"10:12 db-0 status: Ready is False: ContainersNotReady: containers with unready status: [db]",
		"10:12 db-0 status: container db waits: CrashLoopBackOff: back-off 5m0s restarting failed container",
		"10:14 db-9 status: Evicted: it is gone",
		"10:20  deployment: StatefulSet db/db: SuccessfulCreate: create Pod db-3",
		"10:20 db-3 restart: container db ended: Error, signal 9; 1 restarts so far",
		"10:20 db-3 status: the pod was started on machine m2",
		"10:21 db-3 restart: container db started again; 1 restarts so far",
	}
	got := collect(t, s, ask)
	if have := texts(got); !slices.Equal(have, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range got.Changes {
		if !strings.HasPrefix(c.Query, "GET /api") {
			t.Errorf("%q came by %q", c.Text, c.Query)
		}
	}
	if len(got.Clocks) != 1 || len(got.Missing) != 0 {
		t.Errorf("clocks %+v, missing %+v", got.Clocks, got.Missing)
	}
}

func TestOnlyWhatIsAsked(t *testing.T) {
	s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, everything())}})
	asked := ask
	asked.Nodes = []connectors.Node{{Names: []string{"10.1.0.13:6667"}}}
	for _, text := range texts(collect(t, s, asked)) {
		if node := strings.Fields(text)[1]; strings.HasPrefix(node, "db-") && node != "db-3" && node != "db-9" {
			t.Errorf("nobody asked for %q", text)
		}
	}
	asked.Limit.Lines = 1
	asked.Nodes = nil
	got := collect(t, s, asked)
	if len(got.Lines) != 1 || len(got.Reduced) != 1 || got.Reduced[0].In != 3 {
		t.Errorf("%d lines, reduced %+v", len(got.Lines), got.Reduced)
	}
}

func TestDiscover(t *testing.T) {
	l := everything()
	l.of["/api/v1/pods"][1]["spec"].(obj)["hostNetwork"] = true
	s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, l)}, Page: 3})
	f, err := s.Discover(t.Context(), ask.Span)
	if err != nil {
		t.Fatal(err)
	}
	want := connectors.Node{
		Names: []string{
			"db-0", "db/db-0", "db-0.db-headless", "db-0.db-headless.db", "db-0.db-headless.db.svc", "db-0.db-headless.db.svc.cluster.local",
			"10.1.0.10:6667", "10.1.0.10:10740", "10.1.0.10",
		},
		Host: "10.1.0.10", Service: "db",
	}
	if len(f.Nodes) != 4 || !slices.Equal(f.Nodes[0].Names, want.Names) || f.Nodes[0].Host != want.Host || f.Nodes[0].Service != want.Service {
		t.Errorf("%d nodes, the first %+v", len(f.Nodes), f.Nodes[0])
	}
	if l := f.Nodes[0].Labels; l["machine"] != "m1" || l["machine_address"] != "192.0.2.10" || l["app"] != "iotdb" || l["namespace"] != "db" {
		t.Errorf("its labels are %v", l)
	}
	if slices.Contains(f.Nodes[1].Names, "10.1.0.11") {
		t.Errorf("a pod on its machine's network is called by the machine's address: %v", f.Nodes[1].Names)
	}
	if len(f.Holds) != 2 || f.Holds[0].Count != 4 || f.Holds[1].Count != 9 {
		t.Errorf("it holds %+v", f.Holds)
	}
	if got := s.Load(); got.Requests != 3 {
		t.Errorf("it took %+v", got)
	}
}

// TestTwins shows that pods of one name in two namespaces are two nodes.
func TestTwins(t *testing.T) {
	l := everything()
	twin := pod("db-0", "10.1.9.9", "m1", nil)
	twin["metadata"].(obj)["namespace"] = "other"
	l.of["/api/v1/pods"] = append(l.of["/api/v1/pods"], twin)
	f, err := source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, l)}}).Discover(t.Context(), ask.Span)
	if err != nil || len(f.Nodes) != 5 || f.Nodes[0].Names[0] != "db/db-0" || f.Nodes[4].Names[0] != "other/db-0" {
		t.Fatalf("%+v, %v", f.Nodes, err)
	}
	for _, n := range f.Nodes[0].Names {
		if slices.Contains(f.Nodes[4].Names, n) {
			t.Errorf("both are called %s", n)
		}
	}
}

// TestGone shows that a list whose pages expire is read anew, each object once.
func TestGone(t *testing.T) {
	l := everything()
	s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, l)}, Page: 3})
	want := texts(collect(t, s, ask))
	l.gone.Store(2)
	if got := texts(collect(t, s, ask)); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	l.gone.Store(100)
	if err := s.Collect(t.Context(), ask, &sourcetest.Recorder{}); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("pages that always expire give %v", err)
	}
}

// TestRights shows that a missing right costs only what it is for.
func TestRights(t *testing.T) {
	for denied, what := range map[string]string{"/events": "events of all namespaces", "/nodes": "machines", "/replicasets": "rollouts"} {
		l := everything()
		l.denied = denied
		s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, l)}})
		got := collect(t, s, ask)
		if len(got.Missing) != 1 || !strings.Contains(got.Missing[0].What, what) || !strings.Contains(got.Missing[0].Why, "right to read") || len(got.Changes) < 6 {
			t.Errorf("without %s: %+v", denied, got.Missing)
		}
		f, err := s.Discover(t.Context(), ask.Span)
		if err != nil || denied == "/events" && (len(f.Lacks) != 1 || f.Lacks[0].Remedy == "") {
			t.Errorf("without %s: %+v, %v", denied, f.Lacks, err)
		}
	}
	l := everything()
	l.of["/api/v1/namespaces/db/pods"], l.of["/api/v1/namespaces/secret/pods"] = pods(), nil
	l.denied = "/namespaces/secret"
	f, err := source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, l)}, Namespaces: []string{"db", "secret"}}).Discover(t.Context(), ask.Span)
	if err != nil || len(f.Nodes) != 4 || len(f.Lacks) < 1 || f.Lacks[0].What != "pods of namespace secret" {
		t.Errorf("%d nodes, %+v, %v", len(f.Nodes), f.Lacks, err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []kubernetes.Config{
		{Namespaces: []string{"Not/One"}},
		{Labels: "a=b&limit=1"},
		{Page: -1},
		{Settings: fetch.Settings{URL: "nonsense"}},
		{TokenFile: "x", Settings: fetch.Settings{URL: "https://h", Token: "t"}},
	} {
		if err := c.Validate(); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%+v gives %v", c, err)
		}
	}
	if _, err := kubernetes.New(kubernetes.Config{}); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "give the address") {
		t.Errorf("outside of a pod it gives %v", err)
	}
}

// TestTokenIsRenewed shows that a token that changes is used from then on.
func TestTokenIsRenewed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	var got []string
	l := everything()
	srv := httptest.NewServer(recordAuth(l, &got))
	t.Cleanup(srv.Close)
	s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: srv.URL}, TokenFile: file})
	for _, token := range []string{"one", "two"} {
		write(token)
		if _, err := s.Discover(t.Context(), ask.Span); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"Bearer one", "Bearer one", "Bearer two", "Bearer two"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if n := s.Load().Requests; n != 4 {
		t.Errorf("the load counts %d requests", n)
	}
}

func TestConformance(t *testing.T) {
	srv := httptest.NewServer(many{1_000_000})
	t.Cleanup(srv.Close)
	s := subject(serve(t, everything()))
	s.Many = &sourcetest.Many{Server: srv.URL, Ask: ask}
	sourcetest.Run(t, s)
}

func subject(url string) sourcetest.Subject {
	before := ask
	before.Span = incident.Window{From: hour.AddDate(-1, 0, 0), To: hour.AddDate(-1, 0, 1)}
	return sourcetest.Subject{
		New: func(at fetch.Settings) (connectors.Source, error) {
			page := 2 // small, so that there are many
			if at.Timeout > time.Minute {
				page = 0
			}
			return kubernetes.New(kubernetes.Config{Settings: at, Labels: "app=iotdb", Page: page})
		},
		Server: url, Ask: ask, Empty: before,
	}
}
