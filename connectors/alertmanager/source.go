package alertmanager

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/incident"
	"triagent/internal/errs"
)

// Config says which Alertmanager is asked, and for which alerts. Only URL is
// needed.
type Config struct {
	fetch.Settings `yaml:",inline"`
	Match          string   `yaml:"match"`       // alerts of the system, as {cluster="plant"}; empty: all
	NodeLabels     []string `yaml:"node_labels"` // labels that hold the node, the first that is there counts; nil: the common ones
	PeerLabels     []string `yaml:"peer_labels"` // the other end, where an alert is about a call; nil: the common ones
}

// Validate says what is wrong with the settings.
func (c *Config) Validate() error {
	if err := c.Settings.Validate(); err != nil {
		return err
	}
	_, err := c.matchers()
	return err
}

func (c *Config) matchers() (labels.Matchers, error) {
	text := strings.TrimSpace(c.Match)
	if text == "" || text == "{}" {
		return nil, nil
	}
	m, err := labels.ParseMatchers(text)
	if err != nil {
		return nil, errs.New(errs.Invalid, `match: %.80q is not read: write label conditions, as {cluster="plant",env=~"prod|live"}`, c.Match)
	}
	return m, nil
}

// Source is one Alertmanager. It is safe for concurrent use; Close it.
type Source struct {
	c     Config
	match labels.Matchers
	http  *fetch.Client
	now   func() time.Time
}

var _ connectors.Source = (*Source)(nil)

// New checks the configuration and connects to nothing.
func New(c Config) (*Source, error) {
	match, err := c.matchers()
	if err != nil {
		return nil, err
	}
	if c.NodeLabels == nil {
		c.NodeLabels = nodeLabels
	}
	if c.PeerLabels == nil {
		c.PeerLabels = peerLabels
	}
	client, err := fetch.New(c.Settings)
	if err != nil {
		return nil, err
	}
	return &Source{c: c, match: match, http: client, now: time.Now}, nil
}

// Close ends idle connections.
func (s *Source) Close() error { return s.http.Close() }

// Load is what was asked since the source was made.
func (s *Source) Load() connectors.Load { return s.http.Load() }

// Discover counts the alerts that fire and the silences of a span. Who takes
// part is not its to say: a label of an alert is no list of nodes.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	alerts, err := s.alerts(ctx)
	if err != nil {
		return connectors.Found{}, err
	}
	silences, err := s.silences(ctx)
	if err != nil {
		return connectors.Found{}, err
	}
	var firing, quiet, during int64
	for _, a := range alerts {
		if a.Status.State == "suppressed" {
			quiet++
		}
		firing++
	}
	for _, x := range silences {
		if x.during(span) && s.concerns(x) {
			during++
		}
	}
	return connectors.Found{Holds: []connectors.Holding{
		{What: "alerts", Count: firing, Unit: "alerts", Note: fmt.Sprintf("that fire now; %d of them are silenced or inhibited", quiet)},
		{What: "events", Count: during, Unit: "silences"},
	}}, nil
}

// Collect hands over the alerts that fire and began before the span ended, and
// the silences of the span as changes. Alerts that point at a node that is not
// asked for are left out.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	known := newNames(ask.Nodes)
	alerts, err := s.alerts(ctx)
	if err != nil {
		return err
	}
	if err := s.giveAlerts(alerts, ask.Span, known, to); err != nil {
		return err
	}
	silences, err := s.silences(ctx)
	if err != nil {
		return err
	}
	if err := s.giveSilences(silences, ask.Span, known, to); err != nil {
		return err
	}
	if c, ok := s.http.Clock(); ok {
		return to.Clock(c)
	}
	return nil
}

// forgets is how long after a span it is said that alerts of it are forgotten.
const forgets = 5 * time.Minute

func (s *Source) giveAlerts(alerts []alert, span incident.Window, known names, to connectors.Sink) error {
	left := 0
	for _, a := range alerts {
		if a.StartsAt.After(span.To) {
			continue
		}
		out := connectors.Alert{
			Source: sender, Name: strings.TrimSpace(a.Labels["alertname"]), Severity: first(a.Labels, severityLabels), System: first(a.Labels, systemLabels),
			Labels: a.Labels, Annotations: a.notes(), URL: a.GeneratorURL, Starts: a.StartsAt.UTC(),
			Node: known.find(a.Labels, s.c.NodeLabels), Peer: known.find(a.Labels, s.c.PeerLabels),
		}
		if out.Name == "" {
			out.Name = "alert"
		}
		if out.Node != "" && !known.has(out.Node) && !known.has(out.Peer) {
			left++
			continue
		}
		if err := to.Alert(out); err != nil {
			return err
		}
	}
	if left > 0 {
		if err := to.Reduced(incident.Reduction{
			Stage: "alerts", In: int64(len(alerts)), Out: int64(len(alerts) - left), Unit: "alerts",
			How: "alerts that point at other nodes were left out", Rest: s.query("/api/v2/alerts"),
		}); err != nil {
			return err
		}
	}
	if s.now().Sub(span.To) < forgets {
		return nil
	}
	return to.Missing(incident.Missing{
		What: "alerts that fired then and do not fire any more", Why: "Alertmanager forgets an alert when it is over (metrics, and the alerts that came in, tell of them)",
	})
}

// alert is one as /api/v2/alerts gives it.
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
	Status       struct {
		State       string   `json:"state"` // "active", "suppressed", "unprocessed"
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

// notes are the words for people with the state among them.
func (a *alert) notes() map[string]string {
	out := maps.Clone(a.Annotations)
	if out == nil {
		out = make(map[string]string)
	}
	out["alertmanager_state"] = a.Status.State
	for key, ids := range map[string][]string{"alertmanager_silenced_by": a.Status.SilencedBy, "alertmanager_inhibited_by": a.Status.InhibitedBy} {
		if len(ids) > 0 {
			out[key] = strings.Join(ids, " ")
		}
	}
	return out
}

// alerts asks for those that fire, muted ones too, in the order of their
// beginnings.
func (s *Source) alerts(ctx context.Context) ([]alert, error) {
	var out []alert
	if err := s.http.JSON(ctx, fetch.Request{Path: "/api/v2/alerts", Query: s.filter()}, &out); err != nil {
		return nil, err
	}
	for _, a := range out {
		if len(a.Labels) == 0 || a.StartsAt.IsZero() {
			return nil, notLike("an alert without labels or beginning")
		}
	}
	slices.SortStableFunc(out, func(a, b alert) int {
		return cmp.Or(a.StartsAt.Compare(b.StartsAt), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return out, nil
}

func notLike(what string) error {
	return &errs.Error{
		Kind: errs.Invalid, Err: fmt.Errorf("it answers with %s", what),
		Remedy: "check that the URL is that of an Alertmanager, with the path that its /api/v2 lies below",
	}
}

func (s *Source) filter() url.Values {
	q := url.Values{}
	for _, m := range s.match {
		q.Add("filter", m.String())
	}
	return q
}

// query is a request as people repeat it.
func (s *Source) query(path string) string {
	if q := s.filter().Encode(); q != "" && path == "/api/v2/alerts" {
		return "GET " + path + "?" + q
	}
	return "GET " + path
}
