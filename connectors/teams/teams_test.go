package teams_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"triagent/connectors"
	"triagent/connectors/sendertest"
	"triagent/connectors/teams"
	"triagent/internal/errs"
)

var suite = sendertest.Suite{
	New: func(url string, c *http.Client) (connectors.Sender, error) {
		return teams.New(teams.Config{URL: connectors.Secret(url), Client: c})
	},
	MaxBody: 28_000,
}

func TestSender(t *testing.T) { sendertest.Run(t, suite) }

func TestCard(t *testing.T) {
	body := suite.Body(t, sendertest.Message(sendertest.Hostile))
	var got struct {
		Type        string
		Attachments []struct {
			ContentType string
			ContentURL  *string `json:"contentUrl"`
			Content     struct {
				Type, Version string
				Body          []struct {
					Type    string
					Inlines []struct{ Type, Text string }
				}
				Actions []struct{ Type, URL string }
				MSTeams map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "message" || len(got.Attachments) != 1 || got.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" {
		t.Fatalf("not what a workflow takes: %s", body)
	}
	card := got.Attachments[0].Content
	for _, b := range card.Body { // text blocks read Markdown, runs do not
		if b.Type != "RichTextBlock" {
			t.Errorf("there is a %s", b.Type)
		}
		for _, r := range b.Inlines {
			if bad := sendertest.Links(r.Text); bad != nil || r.Type != "TextRun" {
				t.Errorf("%v in %q", bad, r.Text)
			}
		}
	}
	if _, ok := card.MSTeams["entities"]; ok || card.Version != "1.2" || len(card.Actions) != 1 || card.Actions[0].URL == "" {
		t.Errorf("mentions, version or action are wrong: %s", body)
	}
}

func TestErrorIn200(t *testing.T) {
	for body, kind := range map[string]errs.Kind{
		"1": "", "": "",
		"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x": errs.Unavailable,
		"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with ContextId x": errs.Invalid,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, body) }))
		s, err := teams.New(teams.Config{URL: connectors.Secret(srv.URL)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Send(t.Context(), sendertest.Message("x"), ""); errs.KindOf(err) != kind {
			t.Errorf("%s gives %v, want kind %q", strings.TrimSpace(body), err, kind)
		}
		srv.Close()
	}
}

func answer(w http.ResponseWriter, body string) {
	_, _ = io.WriteString(w, body) // a sender that got no answer says so
}
