package iotdb_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/iotdb"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/knowledge"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

const denied = `{"code":803,"message":"Only the admin user can perform this operation"}`

// down is what a cluster answered a minute after one of its DataNodes, number 4,
// was killed.
func down(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/down.json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for k, v := range raw {
		out[k] = string(v)
	}
	return out
}

// serve answers statements; what it does not know is a syntax error.
func serve(t *testing.T, answers map[string]string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ SQL string }
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(ask.SQL, "show ") && !strings.HasPrefix(ask.SQL, "select ") {
			t.Errorf("it sends %q", ask.SQL)
		}
		w.Header().Set("Content-Type", "application/json")
		body, ok := answers[ask.SQL]
		if !ok {
			body = fmt.Sprintf(`{"code":700,"message":"line 1:5 no viable alternative at input '%s'"}`, ask.SQL)
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func source(t *testing.T, c iotdb.Config) *iotdb.Source {
	t.Helper()
	c.Proxy, c.Retries = "none", -1
	s, err := iotdb.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func lately() incident.Window {
	return incident.Window{From: time.Now().Add(-time.Hour), To: time.Now()}
}

// TestDiscover finds the nodes of a cluster, by all their names, their roles and
// their groups.
func TestDiscover(t *testing.T) {
	found, err := source(t, iotdb.Config{URLs: []string{serve(t, down(t))}}).Discover(t.Context(), lately())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range found.Nodes {
		names = append(names, n.Names[0])
	}
	if got := strings.Join(names, " "); got != "confignode-0 confignode-1 confignode-2 datanode-3 datanode-4 datanode-5" {
		t.Errorf("nodes %s", got)
	}
	n := found.Nodes[4]
	if n.Host != "127.0.0.14" || n.Service != "datanode" || n.Labels["status"] != "Unknown" ||
		!slices.Equal(n.Names[1:], []string{"127.0.0.14:20080", "127.0.0.14:20083", "127.0.0.14:20085", "127.0.0.14:20086", "127.0.0.14:20087", "127.0.0.14:9092"}) {
		t.Errorf("node %+v", n)
	}
	roles := make(map[string]int)
	for _, r := range found.Roles {
		roles[string(r.Role)+" "+r.Group[:strings.IndexByte(r.Group, '[')]]++
	}
	want := map[string]int{
		"config_leader ConfigRegion": 1, "config_follower ConfigRegion": 2, "leader SchemaRegion": 1, "follower SchemaRegion": 2,
		"leader DataRegion": 3, "follower DataRegion": 6,
	}
	if !maps.Equal(roles, want) {
		t.Errorf("roles %v", roles)
	}
	consensus := make(map[string]string)
	for _, g := range found.Groups {
		consensus[g.ID] = g.Consensus
		if len(g.Members) != 3 {
			t.Errorf("group %+v", g)
		}
	}
	if len(consensus) != 5 || consensus["ConfigRegion[0]"] != "ratis" || consensus["SchemaRegion[0]"] != "ratis" || consensus["DataRegion[1]"] != "iot" {
		t.Errorf("consensus %v", consensus)
	}
	if len(found.Calls) != 3 || found.Calls[0].To != "confignode-0" {
		t.Errorf("calls %v", found.Calls)
	}
	if len(found.Lacks) != 1 || !strings.Contains(found.Lacks[0].Why, "Unknown") {
		t.Errorf("lacks %v", found.Lacks)
	}
}

// TestRights has an account that may see nodes but not who leads, and one that
// may see nothing.
func TestRights(t *testing.T) {
	a := down(t)
	a["show regions"], a["show confignodes"] = denied, denied
	src := source(t, iotdb.Config{URLs: []string{serve(t, a)}})
	found, err := src.Discover(t.Context(), lately())
	if err != nil || len(found.Nodes) != 6 || len(found.Roles) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	said := fmt.Sprint(found.Lacks)
	for _, want := range []string{"the leader of the ConfigNodes", "who leads which region", "code 803", "GRANT MAINTAIN"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}
	k := &kept{}
	if err := src.Collect(t.Context(), connectors.Ask{Span: lately()}, k); err != nil || len(k.missing) != 1 {
		t.Errorf("missing %v, %v", k.missing, err)
	}
	a["show cluster details"] = `{"code":803,"message":"No permissions for this operation, please add privilege MAINTAIN"}`
	_, err = source(t, iotdb.Config{URLs: []string{serve(t, a)}}).Discover(t.Context(), lately())
	if errs.KindOf(err) != errs.Denied || !strings.Contains(err.Error(), "GRANT MAINTAIN") {
		t.Errorf("error %v", err)
	}
}

// TestOldVersion knows no ports but those of "show cluster".
func TestOldVersion(t *testing.T) {
	a := down(t)
	delete(a, "show cluster details")
	found, err := source(t, iotdb.Config{URLs: []string{serve(t, a)}}).Discover(t.Context(), lately())
	if err != nil || len(found.Nodes) != 6 || len(found.Nodes[3].Names) != 3 {
		t.Errorf("%+v, %v", found.Nodes, err)
	}
}

// TestPresent tells what is not as it should be, in words that are understood,
// and says of a span that is long over that this is not known.
func TestPresent(t *testing.T) {
	src := source(t, iotdb.Config{URLs: []string{serve(t, down(t))}})
	k, span := &kept{}, lately()
	if err := src.Collect(t.Context(), connectors.Ask{Span: span}, k); err != nil {
		t.Fatal(err)
	}
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, c := range k.changes {
		said = append(said, c.Node+" "+c.Kind+" "+c.Text)
		if at := time.Unix(0, c.Time); c.Query == "" || !at.Before(span.To) || at.Before(span.From) {
			t.Errorf("%+v", c)
		}
		if is := base.Change("iotdb", incident.Change{Kind: c.Kind, Text: c.Text}); c.Kind == "status" && !slices.Contains(is, "status.unknown") {
			t.Errorf("%q means %v", c.Text, is)
		}
	}
	want := []string{"datanode-4 status status -> Unknown of datanode-4, as", "datanode-3 query query active for 12.5 s: select avg(s1) from root.plant.** (2026"}
	if len(said) != len(want) {
		t.Fatalf("changes %q", said)
	}
	for i := range want {
		if !strings.HasPrefix(said[i], want[i]) {
			t.Errorf("%q, want %q", said[i], want[i])
		}
	}
	if begun := time.Unix(0, k.changes[1].Time); span.To.Sub(begun) < 12*time.Second || span.To.Sub(begun) > 20*time.Second {
		t.Errorf("the query began at %v of %v", begun, span.To)
	}
	if len(k.clocks) != 1 || k.clocks[0].Least >= k.clocks[0].Most {
		t.Errorf("clocks %+v", k.clocks)
	}
	k = &kept{}
	span.From, span.To = span.From.Add(-48*time.Hour), span.To.Add(-48*time.Hour)
	if err := src.Collect(t.Context(), connectors.Ask{Span: span}, k); err != nil || len(k.changes) != 0 || len(k.missing) != 1 {
		t.Errorf("%+v, %v", k, err)
	}
}

// TestFailover goes on to the next address where one is dead and one hangs, and
// stays with the one that answers.
func TestFailover(t *testing.T) {
	defer iotdb.SetPatience(100 * time.Millisecond)()
	dead := httptest.NewServer(nil)
	dead.Close()
	var asked atomic.Int64
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		asked.Add(1)
		<-r.Context().Done()
	}))
	defer hangs.Close()
	src := source(t, iotdb.Config{URLs: []string{dead.URL, hangs.URL, serve(t, down(t))}})
	for range 2 {
		if found, err := src.Discover(t.Context(), lately()); err != nil || len(found.Nodes) != 6 {
			t.Errorf("%+v, %v", found, err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the one that hangs was asked %d times", n)
	}
	src = source(t, iotdb.Config{URLs: []string{dead.URL, dead.URL + "/x"}})
	if _, err := src.Discover(t.Context(), lately()); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("none answers: %v", err)
	}
}

// TestScrape reads endpoints twice and tells whose they are.
func TestScrape(t *testing.T) {
	var n atomic.Int64
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s with %v", r.URL.Path, r.Header)
		}
		b, err := os.ReadFile(fmt.Sprintf("testdata/datanode-%d.txt", min(n.Add(1), 2)))
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(b)
	}))
	defer node.Close()
	c := iotdb.Config{URLs: []string{serve(t, down(t))}, Between: time.Millisecond, Metrics: []string{strings.TrimPrefix(node.URL, "http://"), "127.0.0.1:1"}}
	c.User, c.Password = "root", "secret"
	src, k := source(t, c), &kept{}
	if err := src.Collect(t.Context(), connectors.Ask{Span: lately()}, k); err != nil {
		t.Fatal(err)
	}
	if len(k.series) < 150 || k.series[0].Node != "datanode-3" || k.series[0].Query == "" {
		t.Errorf("%d series, %+v", len(k.series), k.series[0])
	}
	if len(k.found) != 1 || k.found[0].Nodes[0].Names[1] != strings.TrimPrefix(node.URL, "http://") {
		t.Errorf("found %+v", k.found)
	}
	said := fmt.Sprint(k.missing)
	if !strings.Contains(said, "metrics of 127.0.0.1:1 nothing listens there") || !strings.Contains(said, "metrics of the time before") {
		t.Errorf("missing %v", k.missing)
	}
	k = &kept{}
	if err := src.Collect(t.Context(), connectors.Ask{Span: lately(), Limit: connectors.Limit{Samples: 10}}, k); err != nil || len(k.series) != 10 || len(k.reduced) != 1 {
		t.Errorf("%d series, %v, %v", len(k.series), k.reduced, err)
	}
}

// TestConfig refuses what cannot be meant.
func TestConfig(t *testing.T) {
	u := []string{"http://127.0.0.1:18080"}
	for want, c := range map[string]iotdb.Config{
		"urls: the REST service":    {},
		"no http:// or https://":    {URLs: []string{"127.0.0.1:18080"}},
		"metrics: \"x\" is neither": {URLs: u, Metrics: []string{"x"}},
		"is no path":                {URLs: u, Series: []iotdb.Pattern{{Path: "root.a; drop", Node: "x"}}},
		"is no path, as":            {URLs: u, Series: []iotdb.Pattern{{Path: "root.a) from root.b --", Node: "x"}}},
		"node is needed":            {URLs: u, Series: []iotdb.Pattern{{Path: "root.a.b"}}},
		"has no capture":            {URLs: u, Series: []iotdb.Pattern{{Path: "root.a.b", Node: `root\.a\.[^.]+`}}},
		"has 2 captures":            {URLs: u, Series: []iotdb.Pattern{{Path: "root.a.b", Node: "(a)(b)"}}},
		"may be 1s to 24h":          {URLs: u, Series: []iotdb.Pattern{{Path: "root.`a b`.**", Node: "x", Step: time.Millisecond}}},
	} {
		if _, err := iotdb.New(c); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

// TestDiscoverNothingStored has a cluster that stores nothing yet: a table without
// rows comes without its columns, as recorded from IoTDB 2.0.
func TestDiscoverNothingStored(t *testing.T) {
	answers := down(t)
	answers["show regions"] = `{"expressions":null,"column_names":["RegionId","Type","Status","Database","SeriesSlotNum","TimeSlotNum","DataNodeId",` +
		`"RpcAddress","RpcPort","InternalAddress","Role","CreateTime","TsFileSize"],"data_types":null,"timestamps":null,"values":[]}`
	found, err := source(t, iotdb.Config{URLs: []string{serve(t, answers)}}).Discover(t.Context(), lately())
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Nodes) != 6 || len(found.Groups) != 1 {
		t.Errorf("%d nodes and groups %v, want all six and that of the configuration alone", len(found.Nodes), found.Groups)
	}
}
