package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/internal/errs"
)

const signing = "8f742231b10e8888abcd99yyyzzz85a5"

func inbound(t testing.TB, c InConfig) *Inbound {
	t.Helper()
	c.SigningSecret = signing
	in, err := NewInbound(c)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestInConfig(t *testing.T) {
	if (InConfig{}).Enabled() {
		t.Error("on without a secret")
	}
	for want, c := range map[string]InConfig{
		"hooks.slack.signing_secret: it has 0 bytes": {Token: "xoxb-1"},
		"hooks.slack.signing_secret: it has 5 bytes": {SigningSecret: "hello"},
		`hooks.slack.lang: "fr" is neither`:          {SigningSecret: signing, Lang: "fr"},
	} {
		_, err := NewInbound(c)
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hello") {
			t.Errorf("%+v: %v", c, err)
		}
		if !c.Enabled() {
			t.Errorf("%+v is off", c)
		}
	}
	if s := fmt.Sprintf("%v %#v %+v", InConfig{SigningSecret: signing}, InConfig{SigningSecret: signing}, InConfig{SigningSecret: signing}); strings.Contains(s, signing) {
		t.Errorf("the secret is printed: %s", s)
	}
}

// TestVerifyKnown checks the example of Slack's documentation.
func TestVerifyKnown(t *testing.T) {
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	in := inbound(t, InConfig{})
	in.secret = []byte("8f742231b10e8888abcd99yyyzzz85a5")
	h := http.Header{
		"X-Slack-Request-Timestamp": {"1531420618"},
		"X-Slack-Signature":         {"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
	}
	if err := in.Verify(h, []byte(body), time.Unix(1531420618, 0)); err != nil {
		t.Error(err)
	}
}

func TestVerify(t *testing.T) {
	now := time.Unix(1795168860, 0)
	body := []byte("command=x")
	sign := func(stamp string, body []byte) string {
		m := hmac.New(sha256.New, []byte(signing))
		m.Write([]byte("v0:" + stamp + ":"))
		m.Write(body)
		return "v0=" + hex.EncodeToString(m.Sum(nil))
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	in := inbound(t, InConfig{})
	for _, tt := range []struct {
		name, stamp, signature string
		at                     time.Time
		ok                     bool
	}{
		{"right", stamp, sign(stamp, body), now, true},
		{"five minutes old", stamp, sign(stamp, body), now.Add(5 * time.Minute), true},
		{"older", stamp, sign(stamp, body), now.Add(5*time.Minute + time.Second), false},
		{"from the future", stamp, sign(stamp, body), now.Add(-6 * time.Minute), false},
		{"another body", stamp, sign(stamp, []byte("y")), now, false},
		{"another time", stamp + "1", sign(stamp, body), time.Unix(17951688601, 0), false},
		{"no time", "", sign("", body), now, false},
		{"none", stamp, "", now, false},
	} {
		err := in.Verify(http.Header{"X-Slack-Request-Timestamp": {tt.stamp}, "X-Slack-Signature": {tt.signature}}, body, tt.at)
		if (err == nil) != tt.ok || err != nil && errs.KindOf(err) != errs.Denied {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestCommand(t *testing.T) {
	for _, tt := range []struct {
		text, lang, want string
	}{
		{"", "", "help  en"},
		{"what?", "", "help  en"},
		{"Help", "zh", "help  zh"},
		{"incidents", "", "incidents  en"},
		{"  why   inc-42 ", "", "why inc-42 en"},
		{"whynot", "", "help  en"},
		{"diagnose writes\non n1 are\x00 slow", "", "diagnose writes on n1 are slow en"},
		{"diagnose 写入变慢", "", "diagnose 写入变慢 zh"},
		{"诊断：写入变慢", "", "diagnose 写入变慢 zh"},
		{"为什么inc-7", "", "why inc-7 zh"},
		{"原因 #7", "", "why #7 zh"},
		{"事件", "", "incidents  zh"},
	} {
		c := inbound(t, InConfig{Lang: tt.lang}).command(tt.text)
		if got := fmt.Sprint(c.Verb, " ", c.Arg, " ", c.Lang); got != tt.want {
			t.Errorf("%q is %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	in := inbound(t, InConfig{Teams: []string{"T1"}})
	for _, tt := range []struct {
		name, kind, body string
		want             Request
		wrong            errs.Kind
	}{
		{
			"slash", form, "command=%2Ftriagent&text=why+inc-4&team_id=T1&channel_id=C1&user_id=U1&user_name=ada&trigger_id=9",
			Request{Command: &Command{ID: "9", Verb: Why, Arg: "inc-4", Lang: "en", Team: "T1", Channel: "C1", User: "U1", Name: "ada"}},
			"",
		},
		{"certificate check", form, "ssl_check=1&token=x", Request{}, ""},
		{"another workspace", form, "command=x&team_id=T2", Request{}, errs.Denied},
		{"no form", form, "%zz", Request{}, errs.Invalid},
		{"challenge", "application/json", `{"type":"url_verification","challenge":"c"}`, Request{Challenge: "c"}, ""},
		{
			"mention in a thread", "application/json",
			`{"type":"event_callback","team_id":"T1","event_id":"E","event":{"type":"app_mention","user":"U1","text":" <@U9> diagnose a &lt; b","ts":"2","thread_ts":"1","channel":"C1"}}`,
			Request{Mention: true, Command: &Command{ID: "E", Verb: Diagnose, Arg: "a < b", Lang: "en", Team: "T1", Channel: "C1", Thread: "1", User: "U1"}},
			"",
		},
		{"a bot's mention", "application/json", `{"type":"event_callback","team_id":"T1","event":{"type":"app_mention","bot_id":"B"}}`, Request{}, ""},
		{"another event", "application/json", `{"type":"event_callback","team_id":"T1","event":{"type":"message","text":"x"}}`, Request{}, ""},
		{"no JSON", "application/json", `x`, Request{}, errs.Invalid},
	} {
		got, err := in.Parse(tt.kind, []byte(tt.body))
		if errs.KindOf(err) != tt.wrong {
			t.Errorf("%s: %v", tt.name, err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(tt.want)
		if string(a) != string(b) {
			t.Errorf("%s: %s, want %s", tt.name, a, b)
		}
	}
}

func TestAnswer(t *testing.T) {
	a := Answer{
		Title: "inc-1 <!here>", Text: strings.Repeat("x", 5000), Fields: []connectors.Field{{Name: "Node", Value: "*a*"}},
		URL: "https://x.example/1", Open: "Open", More: "more",
	}
	for i := range 20 {
		a.Items = append(a.Items, Item{Title: fmt.Sprint("t", i), Text: "x", URL: "javascript:x"})
	}
	body, err := a.Response()
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Text   string
		Blocks []struct {
			Type      string
			Text      *struct{ Type, Text string }
			Accessory any
		}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Blocks) != 3+maxItems+2 || strings.Contains(m.Text, "<!here>") || strings.Contains(string(body), "javascript:") || strings.Contains(string(body), "mrkdwn") {
		t.Errorf("answer %s", body)
	}
	for _, b := range m.Blocks {
		if b.Text != nil && (len([]rune(b.Text.Text)) > 3000 || b.Text.Type != "plain_text") {
			t.Errorf("block %+v", b)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(true, []byte(url.Values{"command": {"/triagent"}, "text": {"why inc-1"}}.Encode()))
	f.Add(false, []byte(`{"type":"event_callback","event":{"type":"app_mention","text":"<@U> 诊断x"}}`))
	in := inbound(f, InConfig{})
	f.Fuzz(func(t *testing.T, form bool, body []byte) {
		kind := "application/json"
		if form {
			kind = "application/x-www-form-urlencoded"
		}
		r, err := in.Parse(kind, body)
		if err != nil && (r.Command != nil || errs.KindOf(err) == errs.Internal) {
			t.Fatal(r, err)
		}
		if c := r.Command; c != nil {
			for _, s := range []string{c.ID, c.Arg, c.Channel, c.Thread, c.User, c.Name} {
				if len(s) > maxText || strings.ContainsAny(s, "\x00\n\r") {
					t.Fatalf("%q", s)
				}
			}
		}
	})
}
