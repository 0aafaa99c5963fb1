package wecom_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"triagent/connectors"
	"triagent/connectors/sendertest"
	"triagent/connectors/wecom"
	"triagent/internal/errs"
)

var suite = sendertest.Suite{
	New: func(url string, c *http.Client) (connectors.Sender, error) {
		return wecom.New(wecom.Config{URL: connectors.Secret(url), Client: c})
	},
	OK: `{"errcode":0,"errmsg":"ok"}`, MaxBody: 3 * 4096, // of JSON, whose escapes are longer; see TestLimit
}

func TestSender(t *testing.T) { sendertest.Run(t, suite) }

func content(t *testing.T, m connectors.Message) string {
	t.Helper()
	var got struct {
		Type     string `json:"msgtype"`
		Markdown struct{ Content string }
	}
	if err := json.Unmarshal([]byte(suite.Body(t, m)), &got); err != nil || got.Type != "markdown" {
		t.Fatal(got.Type, err)
	}
	return got.Markdown.Content
}

func TestLimit(t *testing.T) {
	for _, unit := range []string{"abc ", "磁盘", "<&>"} {
		m := sendertest.Message(strings.Repeat(unit, 9000))
		for range 30 {
			m.Steps = append(m.Steps, m.Steps[0])
		}
		text := content(t, m)
		if len(text) > 4096 {
			t.Errorf("%d bytes of Markdown, 4096 are taken", len(text))
		}
		if !strings.HasSuffix(text, "(https://triagent.example/incidents/inc-42)") {
			t.Error("the link was cut off")
		}
	}
}

func TestForeignText(t *testing.T) {
	text := content(t, sendertest.Message(sendertest.Hostile))
	ours := strings.NewReplacer("[inc-42](https://triagent.example/incidents/inc-42)", "", `**<font color="warning">T`, "", "</font>**", "", "\n>", "\n")
	text = ours.Replace(text)
	if bad := sendertest.Links(text); bad != nil || strings.ContainsAny(text, "<>[]*`#\x1b\u202e") {
		t.Errorf("%v or markup is left in %s", bad, text)
	}
}

func TestErrorIn200(t *testing.T) {
	for body, kind := range map[string]errs.Kind{
		`{"errcode":45009,"errmsg":"api freq out of limit"}`: errs.Unavailable,
		`{"errcode":93000,"errmsg":"invalid webhook url"}`:   errs.Denied,
		`{"errcode":40058,"errmsg":"too long"}`:              errs.Invalid,
		`not json`:                                           errs.Unavailable,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, body) }))
		s, err := wecom.New(wecom.Config{URL: connectors.Secret(srv.URL)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != kind {
			t.Errorf("%s gives %v, want kind %q", body, err, kind)
		}
		srv.Close()
	}
}

func answer(w http.ResponseWriter, body string) {
	_, _ = io.WriteString(w, body) // a sender that got no answer says so
}
