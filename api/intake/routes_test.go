package intake_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	_ "triagent/api" // its problems give errors their status
	"triagent/api/intake"
	"triagent/connectors/slack"
	"triagent/connectors/webhook"
	"triagent/incident"
	"triagent/store"
	"triagent/store/storetest"
)

const (
	token   = "tri_test"
	signing = "8f742231b10e8888abcd99yyyzzz85a5"
	shared  = "correct horse battery"
)

type tokenKey struct{}

// serve runs the hooks in a server that believes one token.
func serve(t testing.TB, s intake.Store, c *clock, more ...func(*intake.Config)) (*httptest.Server, *intake.Intake) {
	t.Helper()
	in := start(t, s, c, append(more, func(config *intake.Config) {
		config.Allowed = func(ctx context.Context) bool { return ctx.Value(tokenKey{}) != nil }
	})...)
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, password, _ := r.BasicAuth(); password == token || r.Header.Get("Authorization") == "Bearer "+token {
				r = r.WithContext(context.WithValue(r.Context(), tokenKey{}, true))
			}
			next.ServeHTTP(w, r)
		})
	})
	config := huma.DefaultConfig("test", "1")
	config.CreateHooks = nil // no "$schema" in the answers
	api := humachi.New(r, config)
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		if ctx.Operation().Metadata["role"] != intake.RoleSigned && ctx.Context().Value(tokenKey{}) == nil {
			_ = huma.WriteErr(api, ctx, http.StatusUnauthorized, "who are you")
			return
		}
		next(ctx)
	})
	in.Routes(api)
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	return srv, in
}

// post sends a body and returns status and answer.
func post(t testing.TB, address, body string, header map[string]string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer), resp.Header
}

func sum(secret, text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

func TestHooks(t *testing.T) {
	c := newClock()
	srv, _ := serve(t, storetest.SQLite(t), c, func(config *intake.Config) {
		config.Generic = map[string]webhook.GenericConfig{"plant": {Secret: shared, Name: webhook.Paths{"what"}}, "open": {}}
	})
	bearer := map[string]string{"Authorization": "Bearer " + token}
	stamp := fmt.Sprint(c.now().Unix())
	old := fmt.Sprint(c.now().Add(-6 * time.Minute).Unix())
	am := `{"version":"4","groupKey":"g","alerts":[{"status":"firing","labels":{"alertname":"Slow","node":"a"},"startsAt":"` + c.now().Format(time.RFC3339) + `"}]}`
	one := `{"what":"Slow","node":"q"}`
	for _, tt := range []struct {
		name, path, body string
		header           map[string]string
		status           int
		want             string // part of the answer
	}{
		{"alertmanager", "/hooks/alertmanager", am, bearer, 200, `{"received":1,"opened":1,"incidents":["inc-1"]}`},
		{"alertmanager, repeat, basic", "/hooks/alertmanager", am, map[string]string{"Authorization": "Basic dHJpYWdlbnQ6dHJpX3Rlc3Q="}, 200, `{"received":1,"opened":0,"incidents":["inc-1"]}`},
		{"alertmanager, nobody", "/hooks/alertmanager", am, nil, 401, ""},
		{"alertmanager, no alerts", "/hooks/alertmanager", `{"version":"4","alerts":[]}`, bearer, 200, `{"received":0,"opened":0,"incidents":[]}`},
		{"alertmanager, wrong", "/hooks/alertmanager", `{"version":"4","alerts":[{"status":"x","labels":{"a":"b"}}]}`, bearer, 422, `alerts[0]: status is`},
		{"alertmanager, a large group", "/hooks/alertmanager", am + strings.Repeat(" ", 15<<20), bearer, 200, ""},
		{"alertmanager, too large", "/hooks/alertmanager", am + strings.Repeat(" ", 16<<20), bearer, 413, ""},
		{"alertmanager, empty", "/hooks/alertmanager", "", bearer, 400, ""},
		{"generic", "/hooks/generic", `[{"name":"Full","host":"z"},{"name":"Full","host":"y"}]`, bearer, 200, `"received":2,"opened":2`},
		{"generic, nobody", "/hooks/generic", one, nil, 401, "neither a signature"},
		{"generic, signed without a secret here", "/hooks/generic", one, map[string]string{"X-Hub-Signature-256": "sha256=" + sum(shared, one)}, 401, "no secret is configured"},
		{"plant, signed", "/hooks/generic/plant", one, map[string]string{"X-Triagent-Signature": "t=" + stamp + ",v1=" + sum(shared, stamp+"."+one)}, 200, `"opened":1`},
		{"plant, signed as by GitHub", "/hooks/generic/plant", one, map[string]string{"X-Hub-Signature-256": "sha256=" + sum(shared, one)}, 200, `"opened":0`},
		{"plant, signed long ago", "/hooks/generic/plant", one, map[string]string{"X-Triagent-Signature": "t=" + old + ",v1=" + sum(shared, old+"."+one)}, 401, "away from now"},
		{"plant, signed by another", "/hooks/generic/plant", one, map[string]string{"X-Triagent-Signature": "t=" + stamp + ",v1=" + sum("another", stamp+"."+one)}, 401, "does not fit"},
		{"plant, a token does not mend a wrong signature", "/hooks/generic/plant", one, map[string]string{"X-Triagent-Signature": "x", "Authorization": "Bearer " + token}, 401, ""},
		{"plant, token", "/hooks/generic/plant", one, bearer, 200, `"opened":0`},
		{"plant, no JSON", "/hooks/generic/plant", "what=Slow", bearer, 422, "no JSON"},
		{"unknown, nobody", "/hooks/generic/nobody", one, nil, 401, ""},
		{"unknown, token", "/hooks/generic/nobody", one, bearer, 404, "No sender of the name"},
		{"slack is off", "/hooks/slack", "x", nil, 404, "Slack is not set up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, answer, _ := post(t, srv.URL+tt.path, tt.body, tt.header)
			if status != tt.status || !strings.Contains(answer, tt.want) {
				t.Errorf("%d %s, want %d with %s", status, answer, tt.status, tt.want)
			}
			if strings.Contains(answer, shared) {
				t.Error("the answer holds the secret")
			}
		})
	}
}

func slackHeader(c *clock, kind, body string) map[string]string {
	stamp := fmt.Sprint(c.now().Unix())
	return map[string]string{
		"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + sum(signing, "v0:"+stamp+":"+body),
	}
}

func slackOn(config *intake.Config) {
	config.Slack = slack.InConfig{SigningSecret: signing, Teams: []string{"T1"}}
	config.PublicURL = func(context.Context) string { return "https://triage.example" }
}

func TestSlackCommand(t *testing.T) {
	c := newClock()
	s := storetest.SQLite(t)
	srv, in := serve(t, graphed{s}, c, slackOn)
	if err := in.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	say := func(text, trigger string) string {
		t.Helper()
		body := url.Values{"command": {"/triagent"}, "text": {text}, "team_id": {"T1"}, "user_id": {"U1"}, "user_name": {"ada"}, "trigger_id": {trigger}}.Encode()
		status, answer, header := post(t, srv.URL+"/hooks/slack", body, slackHeader(c, "application/x-www-form-urlencoded", body))
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
			t.Fatalf("%q: %d %s %s", text, status, answer, header)
		}
		var m struct {
			Type   string            `json:"response_type"`
			Blocks []json.RawMessage `json:"blocks"`
		}
		if err := json.Unmarshal([]byte(answer), &m); err != nil || m.Type != "ephemeral" || len(m.Blocks) == 0 {
			t.Fatalf("%q: %s, %v", text, answer, err)
		}
		return answer
	}
	has := func(text string, want ...string) {
		t.Helper()
		answer := say(text, "")
		for _, w := range want {
			if !strings.Contains(answer, w) {
				t.Errorf("%q is answered by %s, without %q", text, answer, w)
			}
		}
	}
	has("help", "what is open")
	has("", "what is open")
	has("帮助", "列出未解决的故障")
	has("incidents", "No incident is open")
	has("why", "Which incident?")
	has("why inc-7", "There is no incident inc-7.")
	has("为什么inc-7", "没有编号为 inc-7 的故障")
	has("diagnose", "What is wrong?")
	for range 2 { // Slack may send it twice
		if answer := say("diagnose writes on b:9091, and a, are slow <!channel>", "t1"); !strings.Contains(answer, "inc-1") || strings.Contains(answer, "<!channel>") {
			t.Fatalf("answer %s", answer)
		}
	}
	inc, err := s.Incident(t.Context(), "inc-1")
	if err != nil || inc.Source != "slack" || fmt.Sprint(inc.Nodes) != "[a b]" || inc.Progress != store.Queued {
		t.Fatalf("%+v, %v", inc, err)
	}
	has("list", "Open incidents: 1", "writes on b:9091", "waiting to be diagnosed", "https://triage.example/incidents/inc-1")
	has("why 1", "waiting to be diagnosed", "major")
	job, ok, err := s.Take(t.Context(), "w", time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	d := incident.Diagnosis{
		Verdict: incident.Likely, Confidence: .81, Summary: incident.Say("summary.cause", "node", "b", "fault", "CPU"),
		Causes: []incident.Cause{{Node: "b", Fault: "cpu_saturation", Probability: .81}},
	}
	if err := s.Finish(t.Context(), job, d); err != nil {
		t.Fatal(err)
	}
	has("why inc-1", "b: CPU", "81 %", "likely")
	has("原因 #1", "结论", "81 %")
	has("事件", "未解决的故障：1 个")
}

func TestSlackRefuses(t *testing.T) {
	c := newClock()
	s := storetest.SQLite(t)
	srv, _ := serve(t, s, c, slackOn)
	body := url.Values{"command": {"/triagent"}, "text": {"help"}, "team_id": {"T2"}}.Encode()
	right := slackHeader(c, "application/x-www-form-urlencoded", body)
	past := newClock()
	past.pass(-6 * time.Minute)
	for _, tt := range []struct {
		name   string
		header map[string]string
		status int
	}{
		{"no signature", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 401},
		{"an old one", slackHeader(past, "application/x-www-form-urlencoded", body), 401},
		{"of another body", slackHeader(c, "application/x-www-form-urlencoded", body+"x"), 401},
		{"of another workspace", right, 403},
	} {
		if status, answer, _ := post(t, srv.URL+"/hooks/slack", body, tt.header); status != tt.status {
			t.Errorf("%s: %d %s", tt.name, status, answer)
		}
	}
}

func TestSlackEvents(t *testing.T) {
	posts := make(chan url.Values, 10)
	broken := true
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken {
			broken = false
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		posts <- r.Form
		_, _ = w.Write([]byte(`{"ok":true,"channel":"C1","ts":"2.0"}`))
	}))
	defer fake.Close()
	c := newClock()
	srv, _ := serve(t, storetest.SQLite(t), c, slackOn, func(config *intake.Config) {
		config.Slack.Token, config.Slack.APIURL = "xoxb-1", fake.URL+"/"
	})
	send := func(body string) (int, string) {
		status, answer, _ := post(t, srv.URL+"/hooks/slack", body, slackHeader(c, "application/json", body))
		return status, answer
	}
	if status, answer := send(`{"type":"url_verification","challenge":"abc"}`); status != 200 || answer != "abc" {
		t.Errorf("challenge: %d %s", status, answer)
	}
	if status, answer := send(`{"type":"event_callback","team_id":"T1","event_id":"E0","event":{"type":"message"}}`); status != 200 || answer != "" {
		t.Errorf("another event: %d %s", status, answer)
	}
	mention := `{"type":"event_callback","team_id":"T1","event_id":"E1","event":{"type":"app_mention","user":"U1","text":"<@UBOT> incidents","ts":"1.0","channel":"C1"}}`
	if status, _ := send(mention); status != 503 {
		t.Errorf("while Slack fails: %d", status)
	}
	for range 3 { // sent again, and again after it was answered
		if status, answer := send(mention); status != 200 {
			t.Errorf("mention: %d %s", status, answer)
		}
	}
	if len(posts) != 1 {
		t.Fatalf("%d answers", len(posts))
	}
	if p := <-posts; p.Get("channel") != "C1" || p.Get("thread_ts") != "1.0" || !strings.Contains(p.Get("blocks"), "No incident is open") {
		t.Errorf("answer %v", p)
	}
}
