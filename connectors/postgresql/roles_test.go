package postgresql

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"triagent/incident"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func minute(n int) int64 { return noon.Add(time.Duration(n) * time.Minute).UnixNano() }

// history is two failovers, as Patroni 3.0 writes them.
const history = `[[1, 83886280, "no recovery target specified", "2026-11-21T11:00:00.494253+00:00", "b"],
	[2, 93886280, "no recovery target specified", "2026-11-21T12:10:00+00:00", "a"],
	[3, 93886290], "odd", [4, 1, "x", "no time", "b"]]`

// TestRoles tells who led when, from Patroni's history, from what was seen
// before, and from what is seen now.
func TestRoles(t *testing.T) {
	var rows [][]any
	_ = json.Unmarshal([]byte(history), &rows) // the odd row is left out, as the decoder leaves it
	c := cluster{history: readHistory(rows)}
	if len(c.history) != 2 || c.history[1].at != minute(10) || c.history[1].leader != "a" || c.history[1].timeline != 2 {
		t.Fatalf("history %+v", c.history)
	}
	span := incident.Window{From: noon, To: noon.Add(30 * time.Minute)}
	at := func(n int, r incident.Role) held { return held{at: minute(n), role: r, seen: true} }
	for _, tt := range []struct {
		name string
		seat seat
		c    *cluster
		want string
	}{
		{"became leader in the span", seat{member: "a", role: incident.Leader}, &c, "follower 0, leader 10"},
		{"ceased to lead in the span", seat{member: "b", role: incident.Follower}, &c, "leader 0, follower 10"},
		{"gone since", seat{member: "b"}, &c, "leader 0, follower 10"},
		{"always followed", seat{member: "c", role: incident.Follower}, &c, "follower 0"},
		{"no history", seat{role: incident.Leader}, &cluster{}, "leader 0"},
		{"not known at all", seat{}, &cluster{}, ""},
		{"seen before", seat{past: past{roles: []held{at(-5, incident.Leader), at(20, incident.Follower)}}}, &cluster{}, "leader 0, follower 20"},
		{"first seen in the span", seat{past: past{roles: []held{at(5, incident.Leader)}}}, &cluster{}, "leader 0"},
		{"seen before history", seat{member: "b", past: past{roles: []held{at(5, incident.Leader)}}}, &cluster{history: c.history[1:]}, "leader 0, follower 10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.seat.at = address{"127.0.0.1", 5432}
			got := ""
			for i, r := range roles([]*seat{&tt.seat}, tt.c, span) {
				if i > 0 {
					got += ", "
				}
				from := int64(0)
				if r.From != 0 {
					from = (r.From - noon.UnixNano()) / int64(time.Minute)
				}
				got += fmt.Sprintf("%s %d", r.Role, from)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestChain follows waits to their root, in a queue of hundreds and in a circle.
func TestChain(t *testing.T) {
	var w waits
	for i := range int32(300) { // all wait for all before them, as in a queue for one lock
		b := backend{pid: i, waits: float64(i)}
		for k := range i {
			b.blockers = append(b.blockers, k)
		}
		w.list = append(w.list, b)
	}
	if c := w.chain(299); len(c) != 300 || c[299] != 0 || c[1] != 298 {
		t.Errorf("a queue of 300 gives a chain of %d", len(c))
	}
	if n, longest, depth := w.figures(); n != 299 || longest != 299 || depth != 299 {
		t.Errorf("%v wait, %v s, %v deep", n, longest, depth)
	}
	circle := waits{list: []backend{{pid: 1, blockers: []int32{2}}, {pid: 2, blockers: []int32{1}}, {pid: 3, blockers: []int32{0, 9}}}}
	if c := circle.chain(1); len(c) > 3 {
		t.Errorf("a circle gives %v", c)
	}
	if c := circle.chain(3); !slices.Equal(c, []int32{3, 0}) {
		t.Errorf("a prepared transaction gives %v", c)
	}
	for i := range circle.list {
		if circle.tell(&circle.list[i]) == "" {
			t.Error("nothing is told")
		}
	}
}

func TestRates(t *testing.T) {
	at, got := rates([]int64{0, 1e9, 3e9, 3e9, 4e9}, []float64{10, 15, 35, 99, 5})
	if len(at) != 3 || got[0] != 5 || got[1] != 10 || got[2] == got[2] {
		t.Errorf("%v at %v: a counter that went back is a gap", got, at)
	}
	r := record{}
	for i, v := range []float64{1, 3} {
		now := time.Unix(int64(i), 0)
		r.add(now, "", column{"c", true}, "db=a", "q", v)
		r.add(now, "", column{"d", false}, "db=a", "q", v)
		r.add(now, "", column{"d", false}, "db=b", "q", v)
	}
	var names []string
	for _, s := range r.series("n") {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, []string{"c:per_s", "d{db=a}", "d{db=b}"}) {
		t.Errorf("names %q", names)
	}
}

func TestValidate(t *testing.T) {
	good := func() Config { return Config{Hosts: []string{"db.example", "[::1]:5433", "10.0.0.1:5432"}, User: "u"} }
	c := good()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no hosts":      func(c *Config) { c.Hosts = nil },
		"no user":       func(c *Config) { c.User = "" },
		"twice":         func(c *Config) { c.Hosts = []string{"a", "a:5432"} },
		"a URL":         func(c *Config) { c.Hosts = []string{"postgres://u:p@a/x"} },
		"no port":       func(c *Config) { c.Hosts = []string{"a:0"} },
		"v6 and port":   func(c *Config) { c.Hosts = []string{"a:1:2"} },
		"mode":          func(c *Config) { c.TLS.Mode = "maybe" },
		"ca and off":    func(c *Config) { c.TLS.Mode, c.TLS.CA = "off", "x" },
		"half a pair":   func(c *Config) { c.TLS.Cert = "x" },
		"sample":        func(c *Config) { c.Sample = time.Hour },
		"timeout":       func(c *Config) { c.Timeout = -1 },
		"statements":    func(c *Config) { c.Statements = 10_000 },
		"patroni":       func(c *Config) { c.Patroni.URLs = []string{"10.0.0.1:8008"} },
		"patroni login": func(c *Config) { c.Patroni.URL, c.Patroni.User = "http://a", "u" },
	} {
		c := good()
		if spoil(&c); c.Validate() == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
