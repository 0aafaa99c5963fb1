// Package alertmanager reads what the Alertmanager of Prometheus sends to a
// webhook receiver, version 4 of its message. What builds on the same message,
// as Grafana's alerting and the Alertmanagers of Mimir and VictoriaMetrics, is
// read too. Beside that, Source asks an Alertmanager which alerts fire and what
// is silenced.
//
// The labels of an alert are its identity; nothing else of the message is.
package alertmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/template"

	"triagent/connectors"
	"triagent/internal/errs"
)

// sender is the Source of every alert of this package.
const sender = "alertmanager"

// version is the only one that Alertmanager has sent since 2016.
const version = "4"

// message is the webhook's body as far as it is read. The alerts are decoded
// one by one, after they were counted.
type message struct {
	Version   string            `json:"version"`
	GroupKey  string            `json:"groupKey"`
	Truncated int               `json:"truncatedAlerts"`
	Alerts    []json.RawMessage `json:"alerts"`
}

// Parse reads a webhook's body. The alerts come in the order of the message; at
// most limit of them are accepted. Times are UTC; a resolved alert without an
// end is taken to have ended at now. Truncated is how many alerts of the group
// the sender left out (max_alerts of its receiver). Node, peer, system and
// severity are left to whoever knows which labels hold them. An error is of
// kind errs.Invalid, and then no alert is returned.
func Parse(body []byte, limit int, now time.Time) (alerts []connectors.Alert, truncated int, err error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, 0, wrong("the body", err)
	}
	if m.Version != version {
		e := errs.New(errs.Invalid, "the message has version %.20q, not %q", m.Version, version)
		e.Remedy = "send the body of Alertmanager's webhook_configs; for anything else use /hooks/generic"
		return nil, 0, e
	}
	if len(m.Alerts) > limit {
		e := errs.New(errs.Invalid, "the message holds %d alerts, at most %d are accepted", len(m.Alerts), limit)
		e.Remedy = "set max_alerts of the receiver, or group by more labels"
		return nil, 0, e
	}
	alerts = make([]connectors.Alert, len(m.Alerts))
	for i, raw := range m.Alerts {
		var a template.Alert
		if err := json.Unmarshal(raw, &a); err != nil {
			return nil, 0, wrong(fmt.Sprintf("alerts[%d]", i), err)
		}
		if alerts[i], err = convert(a, m.GroupKey, now); err != nil {
			return nil, 0, errs.New(errs.Invalid, "alerts[%d]: %w", i, err)
		}
	}
	return alerts, max(m.Truncated, 0), nil
}

func convert(a template.Alert, group string, now time.Time) (connectors.Alert, error) {
	out := connectors.Alert{
		Source:      sender,
		Name:        strings.TrimSpace(a.Labels["alertname"]),
		Labels:      a.Labels,
		Annotations: a.Annotations,
		URL:         a.GeneratorURL,
		Group:       group,
	}
	if len(a.Labels) == 0 {
		return out, errs.New(errs.Invalid, "it has no labels, so that nothing says which alert it is")
	}
	if out.Name == "" {
		out.Name = "alert"
	}
	if !a.StartsAt.IsZero() {
		out.Starts = a.StartsAt.UTC()
	}
	switch a.Status {
	case "firing":
	case "resolved":
		out.Ends = now.UTC()
		if !a.EndsAt.IsZero() && a.EndsAt.Before(now) {
			out.Ends = a.EndsAt.UTC()
		}
	default:
		return out, errs.New(errs.Invalid, `status is %.20q, not "firing" or "resolved"`, a.Status)
	}
	return out, nil
}

// wrong words an error of the JSON decoder for the sender.
func wrong(what string, err error) error {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return errs.New(errs.Invalid, "%s: %s is a JSON %s, which it may not be", what, field(typ.Field), typ.Value)
	}
	return errs.New(errs.Invalid, "%s is no JSON of an Alertmanager: %w", what, err)
}

func field(name string) string {
	if name == "" {
		return "it"
	}
	return name
}
