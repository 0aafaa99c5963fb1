package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"triagent/api/wire"
	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/report"
	"triagent/store"
)

// maxMessageSteps is how many steps of a plan a message shows.
const maxMessageSteps = 5

// compose words a notice for a channel, as things stand now. Its ID is the same
// for every try.
func (o *Outbox) compose(ctx context.Context, n store.Notice, channel string, lang report.Lang) (connectors.Message, error) {
	m := connectors.Message{ID: fmt.Sprintf("n%d-%s", n.ID, channel), Kind: n.Kind, Lang: string(lang), At: n.At}
	if n.Kind == "account" {
		o.aboutAccount(ctx, &m, n, lang)
		return m, nil
	}
	inc, err := o.ledger.Incident(ctx, n.Incident)
	if err != nil {
		return m, err
	}
	m.Incident, m.Status, m.Severity, m.Verdict = inc.ID, string(inc.Status), wire.Severity(inc.Severity), string(inc.Headline.Verdict)
	if base := o.c.PublicURL(ctx); base != "" {
		m.URL = strings.TrimRight(base, "/") + "/incidents/" + inc.ID
	}
	w := o.words[lang]
	m.Title = say(lang, "title."+n.Kind, "incident", inc.ID, "title", inc.Title)
	m.Text = o.textOf(inc, n, w)
	m.Fields = fieldsOf(inc, w)
	if inc.Source == ownSource {
		o.aboutOurselves(ctx, &m, inc, lang)
	}
	if n.Kind == "diagnosed" {
		if m.Steps, err = o.steps(ctx, inc, w); err != nil {
			return m, err
		}
	}
	if m.Data, err = json.Marshal(wire.IncidentOf(inc, w)); err != nil {
		return m, errs.New(errs.Internal, "encode %s: %v", inc.ID, err)
	}
	return m, nil
}

// ownSource is what alerts of the service about itself came by. Their words are in
// their annotations, in both languages.
const ownSource = "triagent"

// aboutOurselves words a message about an alert of the service itself, in place
// of what a diagnosis could tell of it. Without the words it stays as it is.
func (o *Outbox) aboutOurselves(ctx context.Context, m *connectors.Message, inc store.Incident, lang report.Lang) {
	alerts, _, err := o.ledger.Alerts(ctx, store.AlertFilter{Incident: inc.ID, Limit: 1})
	if err != nil || len(alerts) == 0 {
		return
	}
	notes := alerts[0].Annotations
	title, text := notes["title_"+string(lang)], notes["text_"+string(lang)]
	if title == "" || text == "" {
		return
	}
	m.Title = say(lang, "title."+m.Kind, "incident", inc.ID, "title", title)
	m.Verdict, m.Steps = "", nil
	if m.Kind == "resolved" {
		m.Text = say(lang, "text.again")
		if inc.Resolved.After(inc.Started) && !inc.Started.IsZero() {
			m.Text += say(lang, "text.lasted", "time", lasting(inc.Resolved.Sub(inc.Started)))
		}
		return
	}
	m.Text = text
}

// textOf is what happened, in one to three sentences.
func (o *Outbox) textOf(inc store.Incident, n store.Notice, w report.Options) string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if n.Kind == "failed" {
		add(say(w.Lang, "text.failed", "error", orText(n.Detail["error"], inc.Headline.Error)))
	}
	if n.Kind == "resolved" {
		if end := inc.Resolved; !end.IsZero() && !inc.Started.IsZero() && end.After(inc.Started) {
			add(say(w.Lang, "text.lasted", "time", lasting(end.Sub(inc.Started))))
		}
	}
	if inc.Headline.Verdict != "" {
		add(report.InUTC(w.Word(inc.Headline.Summary)))
	}
	if n.Kind != "resolved" && inc.Firing > 0 {
		key := "text.firing"
		if inc.Firing == 1 {
			key = "text.firing.one"
		}
		add(say(w.Lang, key, "count", strconv.Itoa(inc.Firing)))
	}
	if inc.Headline.Verdict == "" && n.Kind == "opened" && inc.Progress != store.Failed && inc.Bundle != "" {
		add(say(w.Lang, "text.soon"))
	}
	sep := " "
	if w.Lang == report.Chinese {
		sep = ""
	}
	return strings.Join(parts, sep)
}

func fieldsOf(inc store.Incident, w report.Options) []connectors.Field {
	var out []connectors.Field
	add := func(key, value string) {
		if value != "" {
			out = append(out, connectors.Field{Name: say(w.Lang, "field."+key), Value: value})
		}
	}
	h := inc.Headline
	add("severity", say(w.Lang, "severity."+wire.Severity(inc.Severity)))
	add("status", say(w.Lang, "status."+string(inc.Status)))
	if h.Verdict != "" {
		add("verdict", fmt.Sprintf("%s (%s)", w.Name("verdict", string(h.Verdict)), report.Percent(h.Confidence)))
	}
	// A suspect is not put beside the word fault, which is read first.
	certain := h.Verdict == incident.Confirmed || h.Verdict == incident.Likely
	node := ""
	if certain {
		node = string(h.Node)
	}
	if node != "" && h.Role != "" {
		node += " (" + w.Name("role", string(h.Role)) + ")"
	}
	if node == "" {
		node = strings.Join(inc.Nodes[:min(len(inc.Nodes), 5)], ", ")
	}
	add("node", node)
	if certain && h.Fault != "" {
		add("fault", w.Name("fault", string(h.Fault)))
	}
	since := h.Onset
	if since.IsZero() {
		since = inc.Started
	}
	if !since.IsZero() {
		add("since", since.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	add("system", inc.System)
	if inc.Alerts > 0 {
		add("alerts", say(w.Lang, "alerts", "count", strconv.Itoa(inc.Alerts), "firing", strconv.Itoa(inc.Firing)))
	}
	return out
}

// steps are the first steps of the plan of the last diagnosis.
func (o *Outbox) steps(ctx context.Context, inc store.Incident, w report.Options) ([]string, error) {
	d, err := o.ledger.Diagnosis(ctx, inc.ID, 0)
	if errs.KindOf(err) == errs.NotFound || err == nil && d.Plan == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, a := range d.Plan.Steps[:min(len(d.Plan.Steps), maxMessageSteps)] {
		s := stepText(a, w)
		if a.NeedsApproval {
			s += say(w.Lang, "step.approval")
		}
		out = append(out, s)
	}
	if rest := len(d.Plan.Steps) - len(out); rest > 0 {
		out = append(out, say(w.Lang, "step.more", "count", strconv.Itoa(rest)))
	}
	return out, nil
}

func stepText(a incident.Action, w report.Options) string {
	if s := w.Word(a.Text); s != "" {
		return s
	}
	name := w.Name("action", a.Action)
	if a.Target == "" {
		return name
	}
	return name + ": " + string(a.Target)
}

// aboutAccount words a notice to the owner of an account.
func (o *Outbox) aboutAccount(ctx context.Context, m *connectors.Message, n store.Notice, lang report.Lang) {
	key := "account." + n.Detail["event"]
	if _, ok := phrases[key+".title"]; !ok {
		key = "account.other"
	}
	pairs := []string{
		"name", n.Detail["name"], "failures", n.Detail["failures"], "addr", orText(n.Detail["addr"], "?"), "until", when(n.Detail["until"]), "event", n.Detail["event"],
	}
	m.Title, m.Text, m.Severity = say(lang, key+".title", pairs...), say(lang, key+".text", pairs...), "warning"
	m.URL = o.c.PublicURL(ctx)
}

// testMessage is what the test button sends.
func (o *Outbox) testMessage(ctx context.Context, ch store.Channel, lang report.Lang) connectors.Message {
	now := o.c.Now()
	return connectors.Message{
		ID: fmt.Sprintf("test-%s-%d", ch.ID, now.UnixNano()), Kind: "test", Lang: string(lang), At: now, Severity: "info",
		Title: say(lang, "title.test", "channel", ch.Name), Text: say(lang, "text.test"), URL: o.c.PublicURL(ctx),
	}
}

func when(rfc string) string {
	t, err := time.Parse(time.RFC3339, rfc)
	if err != nil {
		return rfc
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func lasting(d time.Duration) string {
	if d >= time.Hour {
		return fmt.Sprintf("%dh %dm", int(d.Hours()), int(d.Minutes())%60)
	}
	if d >= time.Minute {
		return fmt.Sprintf("%dm %ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%ds", int(d.Seconds()))
}

func orText(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

var errNoMail = errors.New("no mail server is configured")
