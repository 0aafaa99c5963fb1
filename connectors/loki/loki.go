// Package loki pushes messages and entries of the audit to Loki, one JSON line
// each, with the client library of Grafana. It is an archive, not a chat: nobody
// is notified.
//
// Labels are few and their values bounded, since each combination is a stream:
// service, stream, and for messages kind and severity, beside those of the
// configuration. What varies (incident, node) stands in the line.
//
// The library is archived upstream and keeps errors to itself, so this package
// is all that knows it: a client is made for each push, sends one batch when it
// is stopped, and tells its logger what came of it.
//
// The other half, Source, reads log lines from a Loki: the labels of streams say
// which node wrote them. Lines are paged by time, and what lies on the edge of two
// pages comes once.
package loki

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	client "github.com/grafana/loki-client-go/loki"
	"github.com/grafana/loki-client-go/pkg/backoff"
	"github.com/grafana/loki-client-go/pkg/urlutil"
	"github.com/prometheus/common/model"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

const (
	maxLabels = 10
	maxLine   = 200 << 10 // Loki's own limit is 256 KB by default
	maxBatch  = 1 << 20
)

// Config says where to push. The URL may hold a password.
type Config struct {
	URL    connectors.Secret // of Loki, with or without /loki/api/v1/push
	Tenant string            // X-Scope-OrgID; empty: none
	Labels map[string]string // further labels, at most ten, of fixed values
	Guard  outgoing.Guard    // which addresses may be connected to
}

var (
	goodLabel = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`)
	})
	goodTenant = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[a-zA-Z0-9!._*'()-]{0,150}$`)
	})
	reserved = []string{"service", "stream", "kind", "severity", "__tenant_id__"}
)

// Validate says what is wrong, of kind errs.Invalid.
func (c Config) Validate() error {
	if err := outgoing.CheckURL("url", c.URL); err != nil {
		return err
	}
	if !goodTenant().MatchString(c.Tenant) {
		return errs.New(errs.Invalid, "tenant: %q is no name of a tenant", outgoing.Clip(outgoing.Line(c.Tenant), 80))
	}
	if len(c.Labels) > maxLabels {
		return errs.New(errs.Invalid, "labels: there are %d, and at most %d can be used", len(c.Labels), maxLabels)
	}
	for name, value := range c.Labels {
		switch {
		case !goodLabel().MatchString(name) || strings.HasPrefix(name, "__"):
			return errs.New(errs.Invalid, "labels: %q is no name of a label", outgoing.Clip(outgoing.Line(name), 80))
		case slices.Contains(reserved, name):
			return errs.New(errs.Invalid, "labels: %s is set by Triagent", name)
		case value == "" || len(value) > 200 || outgoing.Line(value) != value:
			return errs.New(errs.Invalid, "labels: the value of %s is empty, too long or has control characters", name)
		}
	}
	return nil
}

// Line is one entry of a stream.
type Line struct {
	At   time.Time
	Text string // JSON
}

// Pusher pushes to one Loki. It is safe for concurrent use.
type Pusher struct {
	c   Config
	url *url.URL
}

var _ connectors.Sender = (*Pusher)(nil)

// New returns a pusher, which is a connectors.Sender too.
func New(c Config) (*Pusher, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	u, err := url.Parse(string(c.URL))
	if err != nil {
		return nil, errs.New(errs.Invalid, "url: it is not a URL")
	}
	if !strings.HasSuffix(u.Path, "/push") {
		u.Path = strings.TrimRight(u.Path, "/") + "/loki/api/v1/push"
	}
	c.Labels = maps.Clone(c.Labels)
	return &Pusher{c, u}, nil
}

// Send pushes m to the stream "incidents"; there is no receipt. Loki drops a
// line that it has already, with the same time, labels and text.
func (p *Pusher) Send(ctx context.Context, m connectors.Message, _ connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	text, err := encode(m)
	if err != nil {
		return "", err
	}
	labels := map[string]string{"kind": m.Kind, "severity": m.Severity}
	return "", p.Push(ctx, "incidents", labels, []Line{{m.At, text}})
}

// Push sends lines to a stream, all in one request or none: at most 1 MiB. More
// is an error of kind errs.Invalid. Labels with empty values are left out.
func (p *Pusher) Push(ctx context.Context, stream string, labels map[string]string, lines []Line) error {
	size := 0
	for _, l := range lines {
		size += len(l.Text)
	}
	if size > maxBatch {
		return errs.New(errs.Invalid, "%d bytes are too much for one push", size)
	}
	if len(lines) == 0 {
		return nil
	}
	if err := p.c.Guard.CheckHost(ctx, p.url.Hostname()); err != nil {
		return err
	}
	result := &outcome{}
	cl, err := client.NewWithLogger(p.config(ctx), result)
	if err != nil {
		return errs.New(errs.Invalid, "the client of Loki cannot be made")
	}
	set := p.labels(stream, labels)
	for _, l := range lines {
		if err := cl.Handle(set, l.At.UTC(), l.Text); err != nil {
			cl.Stop()
			return errs.New(errs.Internal, "the client of Loki takes no line: %v", err)
		}
	}
	cl.Stop() // sends what was handed in and returns when it is done
	return result.err()
}

func (p *Pusher) labels(stream string, labels map[string]string) model.LabelSet {
	set := model.LabelSet{"service": "triagent", "stream": model.LabelValue(stream)}
	for k, v := range p.c.Labels {
		set[model.LabelName(k)] = model.LabelValue(v)
	}
	for k, v := range labels {
		if v != "" {
			set[model.LabelName(k)] = model.LabelValue(outgoing.Line(v))
		}
	}
	return set
}

// config makes the library send one batch, once, when it is stopped.
func (p *Pusher) config(ctx context.Context) client.Config {
	timeout := outgoing.Timeout
	if at, ok := ctx.Deadline(); ok {
		timeout = max(min(timeout, time.Until(at)), time.Millisecond)
	}
	c := client.Config{
		URL: urlutil.URLValue{URL: p.url}, TenantID: p.c.Tenant, Timeout: timeout,
		BatchWait: time.Hour, BatchSize: 2 * maxBatch,
		BackoffConfig: backoff.BackoffConfig{MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond, MaxRetries: 1},
	}
	c.Client.FollowRedirects = false
	return c
}

// outcome is the library's logger: it keeps what came of the batch.
type outcome struct {
	failed error
	status int
}

// Log takes alternating keys and values.
func (o *outcome) Log(pairs ...any) error {
	kept := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if k, ok := pairs[i].(string); ok {
			kept[k] = pairs[i+1]
		}
	}
	err, ok := kept["error"].(error)
	if !ok {
		return nil
	}
	o.failed = err
	if n, ok := kept["status"].(int); ok {
		o.status = n
	}
	return nil
}

func (o *outcome) err() error {
	switch {
	case o.failed == nil:
		return nil
	case o.status > 0:
		_, said, _ := strings.Cut(o.failed.Error(), fmt.Sprintf("(%d): ", o.status))
		return outgoing.Refusal(o.status, http.Header{}, []byte(said))
	}
	var u *url.Error
	if errors.As(o.failed, &u) {
		return outgoing.Failure(u.Err)
	}
	return outgoing.Failure(o.failed)
}

type entry struct {
	ID       string            `json:"id"`
	Kind     string            `json:"kind"`
	Incident string            `json:"incident,omitempty"`
	Title    string            `json:"title"`
	Text     string            `json:"text,omitempty"`
	Severity string            `json:"severity,omitempty"`
	Status   string            `json:"status,omitempty"`
	Verdict  string            `json:"verdict,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
	Steps    []string          `json:"steps,omitempty"`
	URL      string            `json:"url,omitempty"`
	Data     json.RawMessage   `json:"data,omitempty"`
}

func encode(m connectors.Message) (string, error) {
	e := entry{
		ID: m.ID, Kind: m.Kind, Incident: m.Incident, Title: outgoing.Clip(outgoing.Line(m.Title), 500), Text: outgoing.Clip(outgoing.Clean(m.Text), 5000),
		Severity: m.Severity, Status: m.Status, Verdict: m.Verdict, URL: outgoing.Link(m.URL), Fields: map[string]string{},
	}
	for _, f := range m.Fields[:min(len(m.Fields), 30)] {
		e.Fields[outgoing.Clip(outgoing.Line(f.Name), 100)] = outgoing.Clip(outgoing.Line(f.Value), 1000)
	}
	for _, s := range m.Steps[:min(len(m.Steps), 30)] {
		e.Steps = append(e.Steps, outgoing.Clip(outgoing.Line(s), 1000))
	}
	if len(m.Data) < maxLine/2 && json.Valid(m.Data) {
		e.Data = m.Data
	}
	b, err := json.Marshal(e)
	if err == nil && len(b) > maxLine {
		e.Data, e.Steps = nil, nil
		b, err = json.Marshal(e)
	}
	return string(b), err
}
