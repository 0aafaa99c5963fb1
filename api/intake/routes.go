package intake

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/connectors"
	"triagent/connectors/alertmanager"
	"triagent/connectors/slack"
	"triagent/connectors/webhook"
	"triagent/internal/errs"
	"triagent/store"
)

// defaultName is the sender that /hooks/generic without a name stands for.
const defaultName = "default"

// RoleSigned marks an operation whose handler checks the signature of what was
// sent, or that there is a token of the right scope.
const RoleSigned = "signed"

// Taken is what became of the alerts of a request.
type Taken struct {
	Received  int      `json:"received" doc:"Alerts in the request"`
	Opened    int      `json:"opened" doc:"Incidents that it opened"`
	Incidents []string `json:"incidents" doc:"Incidents that its alerts belong to" nullable:"false"`
}

type takenOut struct{ Body Taken }

type alertmanagerIn struct {
	RawBody []byte `contentType:"application/json" doc:"Body of Alertmanager's webhook, version 4"`
}

type genericIn struct {
	Signature string `header:"X-Triagent-Signature" doc:"t=UNIX,v1=HEX: HMAC-SHA256 of UNIX.BODY, not older than 5 minutes"`
	GitHub    string `header:"X-Hub-Signature-256" doc:"sha256=HEX: HMAC-SHA256 of the body"`
	RawBody   []byte `contentType:"application/json" doc:"One alert or several, in the sender's form"`
}

type namedIn struct {
	Name      string `path:"name" maxLength:"63" doc:"Sender, as configured"`
	Signature string `header:"X-Triagent-Signature" doc:"As for /hooks/generic"`
	GitHub    string `header:"X-Hub-Signature-256" doc:"As for /hooks/generic"`
	RawBody   []byte `contentType:"application/json" doc:"One alert or several, in the sender's form"`
}

type slackIn struct {
	Type      string `header:"Content-Type"`
	Time      string `header:"X-Slack-Request-Timestamp" doc:"Unix seconds"`
	Signature string `header:"X-Slack-Signature" doc:"v0=HEX"`
	RawBody   []byte `contentType:"application/x-www-form-urlencoded" doc:"Slash command as a form, or an event in JSON"`
}

type slackOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// Routes registers the operations of /hooks. Those of role "signed" check by
// themselves who sends.
func (in *Intake) Routes(api huma.API) {
	op := func(id, path, summary, role string, statuses ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, Tags: []string{"hooks"}, DefaultStatus: http.StatusOK,
			MaxBodyBytes: maxBody, BodyReadTimeout: 20 * time.Second,
			SkipValidateBody: true, // a signature covers bytes, and the parsers say more of what is wrong
			Metadata:         map[string]any{"role": role, "scope": "hooks"},
			Errors: append(statuses, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge,
				http.StatusUnprocessableEntity, http.StatusServiceUnavailable),
		}
	}
	group := op("hook-alertmanager", "/hooks/alertmanager", "Take alerts of an Alertmanager in", string(store.Operator))
	group.MaxBodyBytes = maxGroup
	huma.Register(api, group, in.hookAlertmanager)
	huma.Register(api, op("hook-generic", "/hooks/generic", "Take alerts of any sender in", RoleSigned), func(ctx context.Context, i *genericIn) (*takenOut, error) {
		return in.hookGeneric(ctx, defaultName, i)
	})
	huma.Register(api, op("hook-generic-name", "/hooks/generic/{name}", "Take alerts of a configured sender in", RoleSigned, http.StatusNotFound),
		func(ctx context.Context, i *namedIn) (*takenOut, error) {
			return in.hookGeneric(ctx, i.Name, &genericIn{i.Signature, i.GitHub, i.RawBody})
		})
	slackOp := op("hook-slack", "/hooks/slack", "Answer a command or a mention in Slack", RoleSigned, http.StatusNotFound)
	slackOp.Responses = map[string]*huma.Response{"200": {
		Description: "Blocks for Slack, or what it asked to be sent back; empty where nothing is to be said",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{}}, "text/plain": {Schema: &huma.Schema{Type: "string"}}},
	}}
	huma.Register(api, slackOp, in.hookSlack)
	huma.Register(api, startedOperation(), in.started)
	document(api)
}

func (in *Intake) hookAlertmanager(ctx context.Context, i *alertmanagerIn) (*takenOut, error) {
	alerts, truncated, err := alertmanager.Parse(i.RawBody, maxAlerts, in.now().UTC())
	if err != nil {
		return nil, err
	}
	if truncated > 0 {
		in.log.WarnContext(ctx, "alertmanager left alerts out of a message; raise max_alerts of its receiver", slog.Int("left_out", truncated))
	}
	return in.taken(ctx, alerts)
}

func (in *Intake) taken(ctx context.Context, alerts []connectors.Alert) (*takenOut, error) {
	sum, err := in.Take(ctx, alerts)
	if err != nil {
		return nil, err
	}
	return &takenOut{Taken(sum)}, nil
}

func (in *Intake) hookGeneric(ctx context.Context, name string, i *genericIn) (*takenOut, error) {
	g := in.generic[name]
	now := in.now().UTC()
	if g != nil {
		header := http.Header{}
		header.Set(webhook.SignatureHeader, i.Signature)
		header.Set(webhook.GitHubHeader, i.GitHub)
		signed, err := g.Verify(header, i.RawBody, now)
		switch {
		case err != nil:
			return nil, refused(err)
		case signed:
			return in.takeGeneric(ctx, g, i.RawBody, now)
		}
	}
	if !in.config.Allowed(ctx) {
		return nil, huma.Error401Unauthorized("The request has neither a signature that can be checked nor a token with scope hooks.")
	}
	if g == nil {
		e := errs.New(errs.NotFound, "no sender of the name %.63q is configured", name)
		e.Remedy = "name one that is in hooks.generic of the configuration, or use /hooks/generic"
		return nil, e
	}
	return in.takeGeneric(ctx, g, i.RawBody, now)
}

func (in *Intake) takeGeneric(ctx context.Context, g *webhook.Generic, body []byte, now time.Time) (*takenOut, error) {
	alerts, err := g.Parse(body, maxAlerts, now)
	if err != nil {
		return nil, err
	}
	return in.taken(ctx, alerts)
}

// refused makes 401 of a signature that is wrong: the sender is not known.
func refused(err error) error {
	return huma.Error401Unauthorized("The request is not from who it says: " + err.Error() + ".")
}

func (in *Intake) hookSlack(ctx context.Context, i *slackIn) (*slackOut, error) {
	if in.slack == nil {
		e := errs.New(errs.NotFound, "slack is not set up here")
		e.Remedy = "put hooks.slack.signing_secret into the configuration"
		return nil, e
	}
	now := in.now().UTC()
	header := http.Header{}
	header.Set("X-Slack-Request-Timestamp", i.Time)
	header.Set("X-Slack-Signature", i.Signature)
	if err := in.slack.Verify(header, i.RawBody, now); err != nil {
		return nil, refused(err)
	}
	r, err := in.slack.Parse(i.Type, i.RawBody)
	switch {
	case err != nil:
		return nil, err
	case r.Challenge != "":
		return &slackOut{ContentType: "text/plain; charset=utf-8", Body: []byte(r.Challenge)}, nil
	case r.Command == nil:
		return &slackOut{ContentType: "text/plain; charset=utf-8"}, nil
	case r.Mention:
		return in.mention(ctx, r.Command, now)
	}
	a, err := in.do(ctx, r.Command)
	if err != nil {
		in.log.ErrorContext(ctx, "a command of slack failed", slog.String("verb", string(r.Command.Verb)), slog.Any("error", err))
	}
	body, err := a.Response()
	if err != nil {
		return nil, errs.New(errs.Internal, "encode the answer to slack: %w", err)
	}
	return &slackOut{ContentType: "application/json", Body: body}, nil
}

// slackPatience is how long an answer to a mention may take; Slack waits 3 s.
const slackPatience = 2500 * time.Millisecond

// mention answers in the thread, once, however often Slack sends it.
func (in *Intake) mention(ctx context.Context, c *slack.Command, now time.Time) (*slackOut, error) {
	done := &slackOut{ContentType: "text/plain; charset=utf-8"}
	if !in.slack.CanPost() || !in.seen.first(c.ID, now) {
		return done, nil
	}
	ctx, cancel := context.WithTimeout(ctx, slackPatience)
	defer cancel()
	a, err := in.do(ctx, c)
	if err != nil {
		in.log.ErrorContext(ctx, "a mention in slack failed", slog.String("verb", string(c.Verb)), slog.Any("error", err))
	}
	if err := in.slack.Post(ctx, *c, a); err != nil {
		in.seen.forget(c.ID)
		return nil, err
	}
	return done, nil
}
