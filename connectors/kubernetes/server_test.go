package kubernetes_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/kubernetes"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/lab/servers"
)

// cluster is a real API, filled with what the tests' own one has.
type cluster struct {
	*servers.Server
	t testing.TB
	*http.Client
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	s := servers.Start(t, servers.Kubernetes, servers.Options{})
	client, err := s.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	c := &cluster{s, t, client}
	c.post("/api/v1/namespaces", obj{"metadata": obj{"name": "db"}})
	for _, m := range machines() {
		c.post("/api/v1/nodes", m)
		c.status("/api/v1/nodes/", m)
	}
	for _, p := range pods() {
		c.post("/api/v1/namespaces/db/pods", p)
		c.status("/api/v1/namespaces/db/pods/", p)
	}
	for _, e := range events() {
		c.post("/api/v1/namespaces/"+e["metadata"].(obj)["namespace"].(string)+"/events", e)
	}
	sets, controlled := revisions()
	labels := obj{"app": "web"}
	for _, s := range sets {
		s["spec"] = obj{"replicas": 0, "selector": obj{"matchLabels": labels}, "template": obj{
			"metadata": obj{"labels": labels}, "spec": obj{"containers": []obj{{"name": "web", "image": "web:2.1"}}},
		}}
		c.post("/apis/apps/v1/namespaces/db/replicasets", s)
	}
	for _, r := range controlled {
		r["revision"], r["data"] = 4, obj{"spec": obj{"template": obj{}}}
		c.post("/apis/apps/v1/namespaces/db/controllerrevisions", r)
	}
	return c
}

func (c *cluster) post(path string, o obj) { c.send(http.MethodPost, path, "application/json", o) }

func (c *cluster) status(path string, o obj) {
	name := o["metadata"].(obj)["name"].(string)
	c.send(http.MethodPatch, path+name+"/status", "application/merge-patch+json", obj{"status": o["status"]})
}

// send sends an object, again while the API is still making up its mind: its
// first seconds it does not have all that it starts with.
func (c *cluster) send(method, path, kind string, o obj) {
	c.t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		c.t.Fatal(err)
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); ; <-tick.C {
		req, err := http.NewRequestWithContext(c.t.Context(), method, c.URL+path, bytes.NewReader(b))
		if err != nil {
			c.t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		resp, err := c.Do(req)
		if err != nil {
			c.t.Fatal(err)
		}
		said, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		switch {
		case err != nil:
			c.t.Fatal(err)
		case resp.StatusCode/100 == 2:
			return
		case resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusNotFound || time.Now().After(end):
			c.t.Fatalf("%s %s: %s: %s", method, path, resp.Status, said)
		}
	}
}

// ofNow are texts of what the API itself dates when it is told.
var ofNow = regexp.MustCompile(`has a new revision`)

func withoutNow(all []string) []string {
	return slices.DeleteFunc(all, ofNow.MatchString)
}

// TestRealServer asks a real API for what the tests' own one is asked for.
func TestRealServer(t *testing.T) {
	c := startCluster(t)
	want := withoutNow(texts(collect(t, source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, everything())}, Labels: "app=iotdb"}), ask)))
	real := kubernetes.Config{Settings: fetch.Settings{URL: c.URL, Token: connectors.Secret(c.Token), TLS: fetch.TLS{CA: c.CA}}, Labels: "app=iotdb", Page: 2}
	if got := texts(collect(t, source(t, real), ask)); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	now := connectors.Ask{Span: incident.Window{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Minute)}}
	if got := texts(collect(t, source(t, real), now)); len(slices.DeleteFunc(got, func(s string) bool { return !ofNow.MatchString(s) })) != 3 {
		t.Errorf("of the last hour it gives\n%s", strings.Join(got, "\n"))
	}
	t.Run("rights", func(t *testing.T) { rights(t, c, real) })
	t.Run("conformance", func(t *testing.T) {
		s := subject(c.URL)
		s.Transport = c.Transport
		sourcetest.Run(t, s)
	})
}

// rights shows that the roles of the documentation are enough, and that less is
// told.
func rights(t *testing.T, c *cluster, conf kubernetes.Config) {
	conf.Token = "wrong"
	_, err := source(t, conf).Discover(t.Context(), ask.Span)
	if errs.KindOf(err) != errs.Denied || fetch.StatusOf(err) != http.StatusUnauthorized {
		t.Errorf("a wrong token gives %v", err)
	}
	conf.Token = servers.KubeReader
	_, err = source(t, conf).Discover(t.Context(), ask.Span)
	if errs.KindOf(err) != errs.Denied || fetch.StatusOf(err) != http.StatusForbidden {
		t.Errorf("no rights give %v", err)
	}
	roles := documented(t)
	c.post("/apis/rbac.authorization.k8s.io/v1/namespaces/db/roles", roles["Role"])
	c.post("/apis/rbac.authorization.k8s.io/v1/namespaces/db/rolebindings", bind("Role"))
	conf.Namespaces = []string{"db"}
	narrow := eventually(t, conf)
	if len(narrow.Missing) != 1 || !strings.Contains(narrow.Missing[0].What, "machines") || len(narrow.Changes) == 0 || len(narrow.Lines) == 0 {
		t.Errorf("with the Role: %d changes, %d lines, missing %+v", len(narrow.Changes), len(narrow.Lines), narrow.Missing)
	}
	c.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", roles["ClusterRole"])
	c.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", bind("ClusterRole"))
	conf.Namespaces = nil
	if wide := eventually(t, conf); len(wide.Missing) != 0 || len(wide.Changes) < len(narrow.Changes) {
		t.Errorf("with the ClusterRole: %d changes, missing %+v", len(wide.Changes), wide.Missing)
	}
}

// eventually collects once the API knows of the rights.
func eventually(t *testing.T, conf kubernetes.Config) sourcetest.Got {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); ; <-tick.C {
		var rec sourcetest.Recorder
		err := source(t, conf).Collect(t.Context(), ask, &rec)
		if err == nil {
			return rec.Got()
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func bind(kind string) obj {
	return obj{
		"metadata": obj{"name": "triagent"}, "roleRef": obj{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "triagent"},
		"subjects": []obj{{"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}},
	}
}

// documented are the roles that the documentation gives, by kind.
func documented(t *testing.T) map[string]obj {
	t.Helper()
	b, err := os.ReadFile("../../docs/connectors/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]obj{}
	for _, block := range strings.Split(string(b), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		for _, doc := range strings.Split(text, "---\n") {
			var o obj
			if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
				t.Fatalf("%v in\n%s", err, doc)
			}
			if kind, ok := o["kind"].(string); ok {
				out[kind] = o
			}
		}
	}
	if out["Role"] == nil || out["ClusterRole"] == nil {
		t.Fatal("the documentation has no Role and ClusterRole")
	}
	return out
}

// TestRecorded asks a real API whose answers were recorded.
func TestRecorded(t *testing.T) {
	const file = "testdata/v1.34.json"
	if _, err := os.Stat(file); err != nil && os.Getenv("TRIAGENT_RECORD") != "1" {
		t.Skipf("%s is not recorded: set TRIAGENT_RECORD=1 and TRIAGENT_TEST_ALL=1", file)
	}
	url := sourcetest.Cassette(t, sourcetest.Tape{File: file, Live: func(t testing.TB) (string, http.RoundTripper) {
		c := startCluster(t)
		return c.URL, c.Transport
	}})
	want := withoutNow(texts(collect(t, source(t, kubernetes.Config{Settings: fetch.Settings{URL: serve(t, everything())}, Labels: "app=iotdb"}), ask)))
	s := source(t, kubernetes.Config{Settings: fetch.Settings{URL: url}, Labels: "app=iotdb"})
	if got := texts(collect(t, s, ask)); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if f, err := s.Discover(t.Context(), ask.Span); err != nil || len(f.Nodes) != 4 || len(f.Lacks) != 0 {
		t.Errorf("%d nodes, %+v, %v", len(f.Nodes), f.Lacks, err)
	}
}
