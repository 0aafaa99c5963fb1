package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"triagent/connectors"
	"triagent/internal/errs"
)

var (
	now    = time.Date(2026, 11, 20, 10, 5, 0, 0, time.UTC)
	starts = time.Date(2026, 11, 20, 10, 1, 0, 0, time.UTC)
)

const secret = "correct horse battery"

func generic(t *testing.T, config string) *Generic {
	t.Helper()
	var c GenericConfig
	if err := yaml.UnmarshalWithOptions([]byte(config), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	g, err := NewGeneric("x", c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGenericParse(t *testing.T) {
	for _, tt := range []struct {
		name, config, body string
		want               []connectors.Alert
	}{
		{
			"one alert, nothing configured", "",
			`{"name":"DiskFull","host":"db-1","severity":2,"labels":{"rack":7,"ok":true,"deep":{"x":1}},"message":"98.2 % used","starts_at":1795168860}`,
			[]connectors.Alert{{
				Name: "DiskFull", Node: "db-1", Severity: "2", Labels: map[string]string{"rack": "7", "ok": "true"},
				Annotations: map[string]string{"message": "98.2 % used"}, Starts: starts,
			}},
		},
		{
			"a list, and what is over", "",
			`[{"name":"A","state":"OK"},{"name":"B","ends_at":"2026-11-20T10:04:00Z"},{"name":"C","ends_at":"2026-11-20T11:00:00Z","status":"alerting"},{"name":"D","status":"已恢复"}]`,
			[]connectors.Alert{{Name: "A", Ends: now}, {Name: "B", Ends: now.Add(-time.Minute)}, {Name: "C"}, {Name: "D", Ends: now}},
		},
		{
			"a dashboard's message with a list of alerts", "",
			`{"title":"[FIRING:1]","status":"firing","groupKey":"g1","alerts":[{"status":"firing","labels":{"alertname":"Slow","instance":"n1"},"annotations":{"summary":"s"},
			  "startsAt":"2026-11-20T18:01:00+08:00","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://g"}]}`,
			[]connectors.Alert{{
				Name: "Slow", Labels: map[string]string{"alertname": "Slow", "instance": "n1"}, URL: "http://g", Group: "g1",
				Annotations: map[string]string{"summary": "s", "title": "[FIRING:1]"}, Starts: starts,
			}},
		},
		{
			"a title gives a name without its values", "", `{"title":"CPU of web-3 at 97.5%"}`,
			[]connectors.Alert{{Name: "CPU of web-# at #%", Annotations: map[string]string{"title": "CPU of web-3 at 97.5%"}}},
		},
		{"a node alone", "", `{"host":"db-1"}`, []connectors.Alert{{Name: "alert", Node: "db-1"}}},
		{
			"a configured mapping", `
list: /data/events
name: [rule.id, "=unnamed"]
severity: =critical
node: /hosts/0/host~1name
peer: to
system: $.env
starts: clock
status: value
resolved: ["0"]
labels: {team: owner.team, empty: nowhere}
labels_from: tags
annotations: {text: opdata}
annotations_from: []
url: $.base
`,
			`{"env":"plant","base":"https://z.example/1","data":{"events":[
			  {"rule":{"id":77},"hosts":[{"host/name":"db-1"}],"to":"db-2","clock":"1795168860","value":1,"owner":{"team":"db"},"opdata":"a",
			   "tags":[{"tag":"scope","value":"disk"},"k:v","zone=eu",{"tag":"x"},5,":"]},
			  {"clock":"2026-11-20 10:01:00","value":0}]}}`,
			[]connectors.Alert{
				{
					Name: "77", Severity: "critical", Node: "db-1", Peer: "db-2", System: "plant", URL: "https://z.example/1", Starts: starts,
					Labels: map[string]string{"team": "db", "scope": "disk", "k": "v", "zone": "eu"}, Annotations: map[string]string{"text": "a"},
				},
				{Name: "unnamed", Severity: "critical", System: "plant", URL: "https://z.example/1", Starts: starts, Ends: now},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := generic(t, tt.config).Parse([]byte(tt.body), 10, now)
			if err != nil {
				t.Fatal(err)
			}
			for i := range tt.want {
				tt.want[i].Source = "generic/x"
				if tt.want[i].Labels == nil {
					tt.want[i].Labels = map[string]string{}
				}
				if tt.want[i].Annotations == nil {
					tt.want[i].Annotations = map[string]string{}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("alerts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGenericParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, config, body, want string }{
		{"no JSON", "", `name=x`, "no JSON"},
		{"empty", "", ``, "no JSON"},
		{"two values", "", `{} {}`, "more than one"},
		{"a text", "", `"x"`, "neither a JSON object nor a list"},
		{"a list of numbers", "", `[{"name":"a"},1]`, "alert 2 is no JSON object"},
		{"no list where it should be", "list: a.b", `{"a":[]}`, `no list at "a.b"`},
		{"too many", "", `[{},{},{}]`, "3 alerts, at most 2"},
		{"nothing known", "", `{"foo":1}`, "neither a name nor a title"},
		{"a start that is no time", "", `[{"name":"a"},{"name":"b","starts":"soon"}]`, `alert 2: starts (starts) is "soon", which is no time`},
		{"an end that is no time", "ends: e", `{"name":"a","e":-4}`, `ends (e) is "-4"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := generic(t, tt.config).Parse([]byte(tt.body), 2, now)
			if err == nil || got != nil || errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, %v; want an error of kind invalid with %q", got, err, tt.want)
			}
		})
	}
}

func TestNewGeneric(t *testing.T) {
	long := strings.Repeat("a.", maxPath) + "a"
	_, err := NewGeneric("Bad Name", GenericConfig{
		Secret: "short", List: "=x", Name: Paths{"a..b"}, Labels: map[string]Paths{"": {"a"}, "l": {long}}, LabelsFrom: Paths{""},
	})
	if errs.KindOf(err) != errs.Invalid {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{
		"hooks.generic.Bad Name: a name has small letters", "hooks.generic.Bad Name.secret: it has 5 bytes", `hooks.generic.Bad Name.list: "=x" is a text`,
		`hooks.generic.Bad Name.name: path "a..b" has an empty step`, "hooks.generic.Bad Name.labels: a name is empty", "hooks.generic.Bad Name.labels.l: path", "33 steps",
		`hooks.generic.Bad Name.labels_from: path "" has an empty step`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "short") {
		t.Errorf("error shows the secret: %v", err)
	}
	g, err := NewGeneric("", GenericConfig{})
	if err != nil || g.source != "generic" {
		t.Errorf("NewGeneric of no name = %v, %v", g, err)
	}
}

func TestVerify(t *testing.T) {
	body := []byte(`{"name":"x"}`)
	stamp := strconv.FormatInt(now.Unix(), 10)
	sum := Sign([]byte(secret), stamp+".", body)
	signed, err := NewGeneric("x", GenericConfig{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	open, _ := NewGeneric("x", GenericConfig{})
	for _, tt := range []struct {
		name          string
		g             *Generic
		header, value string
		at            time.Time
		want          bool
		wrong         string
	}{
		{"none", signed, "X-Other", "1", now, false, ""},
		{"right", signed, SignatureHeader, "t=" + stamp + ",v1=" + sum, now, true, ""},
		{"right, capitals and spaces", signed, SignatureHeader, "t=" + stamp + ", v1=" + strings.ToUpper(sum), now, true, ""},
		{"one of two", signed, SignatureHeader, "t=" + stamp + ",v1=00,v1=" + sum, now, true, ""},
		{"just young enough", signed, SignatureHeader, "t=" + stamp + ",v1=" + sum, now.Add(MaxAge), true, ""},
		{"too old", signed, SignatureHeader, "t=" + stamp + ",v1=" + sum, now.Add(MaxAge + time.Second), false, "away from now"},
		{"from the future", signed, SignatureHeader, "t=" + stamp + ",v1=" + sum, now.Add(-MaxAge - time.Second), false, "away from now"},
		{"another time", signed, SignatureHeader, "t=" + strconv.FormatInt(now.Unix()+1, 10) + ",v1=" + sum, now, false, "does not fit"},
		{"no time", signed, SignatureHeader, "v1=" + sum, now, false, "no time"},
		{"no sum", signed, SignatureHeader, "t=" + stamp, now, false, "does not fit"},
		{"no secret", open, SignatureHeader, "t=" + stamp + ",v1=" + sum, now, false, "no secret"},
		{"the other form", signed, GitHubHeader, "sha256=" + Sign([]byte(secret), "", body), now, true, ""},
		{"the other form, wrong", signed, GitHubHeader, "sha256=" + sum, now, false, "does not fit"},
		{"the other form, another hash", signed, GitHubHeader, "sha1=" + Sign([]byte(secret), "", body), now, false, "does not fit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.g.Verify(http.Header{tt.header: {tt.value}}, body, tt.at)
			if got != tt.want || (err == nil) != (tt.wrong == "") {
				t.Fatalf("Verify = %v, %v", got, err)
			}
			if err != nil && (errs.KindOf(err) != errs.Denied || !strings.Contains(err.Error(), tt.wrong) || strings.Contains(err.Error(), secret)) {
				t.Errorf("error %v, want kind denied with %q", err, tt.wrong)
			}
		})
	}
}

func TestParseTime(t *testing.T) {
	for s, want := range map[string]time.Time{
		"": {}, "0": {}, "0001-01-01T00:00:00Z": {},
		"1795168860": starts, "1795168860000": starts, "1795168860000000": starts, "1795168860000000000": starts,
		"1795168860.25": starts.Add(250 * time.Millisecond), "2026-11-20 10:01:00": starts, "2026-11-20T12:01:00+02:00": starts,
	} {
		if got, err := parseTime(s); err != nil || !got.Equal(want) {
			t.Errorf("parseTime(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
}

func FuzzGenericParse(f *testing.F) {
	f.Add([]byte(`{"alerts":[{"status":"ok","labels":{"a":1},"tags":["a:b"],"startsAt":"1795168860"}]}`))
	f.Add([]byte(`[{"title":"1.2.3","ends":1e9}]`))
	g, err := NewGeneric("x", GenericConfig{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 20
		got, err := g.Parse(body, limit, now)
		if err != nil && (got != nil || errs.KindOf(err) != errs.Invalid) || len(got) > limit {
			t.Fatalf("%d alerts, error %v", len(got), err)
		}
		for _, a := range got {
			if a.Name == "" || a.Ends.After(now) {
				t.Fatalf("alert %+v", a)
			}
		}
	})
}

func FuzzGenericPath(f *testing.F) {
	for _, s := range []string{"a.b.0", "/a/b~1c/0", "$.a", "$/a", "$", "=x", "..", "/"} {
		f.Add(s, []byte(`{"a":{"b":[1,{"c":2}]}}`))
	}
	f.Fuzz(func(t *testing.T, text string, body []byte) {
		root, err := decode(body)
		if err != nil {
			return
		}
		p, err := parsePath(text)
		if err == nil && len(p.parts) > maxPath {
			t.Fatalf("%d steps", len(p.parts))
		}
		if err == nil {
			scalar(p.find(root, root))
		}
	})
}
