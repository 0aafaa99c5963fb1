package sourcetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/incident"
)

// rows is a server of numbered rows, one a second, in pages.
func rows(w http.ResponseWriter, r *http.Request) {
	n := func(key string) int64 {
		v, _ := strconv.ParseInt(r.URL.Query().Get(key), 10, 64) // 0 where there is none
		return v
	}
	var p page
	w.Header().Set("Content-Type", "application/json")
	for at := max(n("from"), n("after")); at < min(n("to"), 2_000_000) && int64(len(p.Rows)) < cmp.Or(n("page"), 10); at++ {
		p.Rows = append(p.Rows, row{T: at, V: float64(at % 7)})
		p.Next = at + 1
	}
	_ = json.NewEncoder(w).Encode(p)
}

type row struct {
	T int64
	V float64
}

type page struct {
	Rows []row `json:"rows"`
	Next int64 `json:"next"` // 0: there is no more
}

// numbers is a source over it, with the faults that the suite has to find.
type numbers struct {
	*fetch.Client
	at   fetch.Settings
	size int64
	bad  string
}

func (n *numbers) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	if _, err := n.page(ctx, span.From.Unix(), span.From.Unix()+1, 0); err != nil {
		return connectors.Found{}, err
	}
	return connectors.Found{Nodes: []connectors.Node{{Names: []string{"n1"}}}}, nil
}

func (n *numbers) page(ctx context.Context, from, to, after int64) (page, error) {
	q := url.Values{"from": {fmt.Sprint(from)}, "to": {fmt.Sprint(to)}, "after": {fmt.Sprint(after)}, "page": {fmt.Sprint(n.size)}}
	var p struct {
		Rows *[]row `json:"rows"`
		Next int64  `json:"next"`
	}
	err := n.JSON(ctx, fetch.Request{Path: "/rows", Query: q}, &p)
	if err != nil || p.Rows == nil {
		return page{}, err
	}
	return page{*p.Rows, p.Next}, nil
}

func (n *numbers) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	if n.bad == "leaks" {
		go func() { <-time.After(3 * time.Second) }()
	}
	if n.bad == "ignores its caller" {
		ctx = context.WithoutCancel(ctx)
	}
	left := cmp.Or(ask.Limit.Samples, 1<<40)
	for after := int64(0); ; {
		p, err := n.page(ctx, ask.Span.From.Unix(), ask.Span.To.Unix(), after)
		if err != nil {
			return n.worded(err)
		}
		for _, r := range p.Rows {
			if left--; left < 0 && n.bad != "ignores its limit" {
				return to.Reduced(incident.Reduction{Stage: "metrics", How: "limit"})
			}
			s := connectors.Series{Node: "n1", Name: "v", Times: []int64{r.T * 1e9}, Values: []float64{r.V}, Query: "rows"}
			if err := to.Series(s); err != nil && n.bad != "ignores its sink" {
				return err
			}
		}
		if after = p.Next; after == 0 {
			return nil
		}
	}
}

func (n *numbers) worded(err error) error {
	switch n.bad {
	case "swallows errors":
		return nil
	case "tells secrets":
		return fmt.Errorf("with token %s: %w", string(n.at.Token), err)
	case "has no kinds":
		return errors.New(err.Error())
	}
	return err
}

func second(n int64) time.Time { return time.Unix(n, 0).UTC() }

func subject(t testing.TB, bad string) Subject {
	srv := httptest.NewServer(http.HandlerFunc(rows))
	t.Cleanup(srv.Close)
	size := int64(10)
	return Subject{
		New: func(at fetch.Settings) (connectors.Source, error) {
			if bad == "asks too much" {
				at.AtOnce = 32
			}
			c, err := fetch.New(at)
			if at.Timeout > time.Minute {
				size = 50_000
			}
			return &numbers{c, at, size, bad}, err
		},
		Server: srv.URL,
		Ask:    connectors.Ask{Span: incident.Window{From: second(1000), To: second(1045)}},
		Empty:  connectors.Ask{Span: incident.Window{From: second(3_000_000), To: second(3_000_010)}},
		Many:   &Many{Ask: connectors.Ask{Span: incident.Window{From: second(100_000), To: second(1_100_000)}}},
	}
}

func TestGoodSource(t *testing.T) { Run(t, subject(t, "")) }

// TestBadSources shows that the suite finds each of these faults, in the case
// that is for it.
func TestBadSources(t *testing.T) {
	for bad, in := range map[string]string{
		"leaks":              "answers",
		"ignores its limit":  "limit",
		"ignores its caller": "cancelled",
		"ignores its sink":   "sink error",
		"swallows errors":    "reset in mid-body for good",
		"tells secrets":      "auth failure",
		"has no kinds":       "503",
	} {
		t.Run(strings.ReplaceAll(bad, " ", "_"), func(t *testing.T) {
			s := subject(t, bad)
			s.Timeout = time.Second
			for _, c := range cases {
				if c.name != in {
					continue
				}
				if wrong := (&bench{t: t, s: &s}).do(c.run); len(wrong) == 0 {
					t.Errorf("%q passes for a source that %s", in, bad)
				}
				return
			}
			t.Errorf("there is no case %q", in)
		})
	}
}
