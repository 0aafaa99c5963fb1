package mattermost_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"triagent/connectors"
	"triagent/connectors/mattermost"
	"triagent/connectors/sendertest"
)

var suite = sendertest.Suite{
	New: func(url string, c *http.Client) (connectors.Sender, error) {
		return mattermost.New(mattermost.Config{URL: connectors.Secret(url), Client: c})
	},
	OK: "ok", MaxBody: 16_383 * 4,
}

func TestSender(t *testing.T) { sendertest.Run(t, suite) }

// bare finds characters of markup that are not escaped.
var bare = regexp.MustCompile("(^|[^\\\\])[*_`\\[\\]<>~|!]")

func TestForeignText(t *testing.T) {
	body := suite.Body(t, sendertest.Message(sendertest.Hostile))
	var got struct {
		Attachments []struct {
			Fallback, Title, Text string
			Fields                []struct{ Title, Value string }
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	a := got.Attachments[0]
	texts := []string{a.Fallback, a.Title, a.Text}
	for _, f := range a.Fields {
		texts = append(texts, f.Title, f.Value)
	}
	for _, s := range texts {
		if bad := sendertest.Links(s); bad != nil {
			t.Errorf("%v stand in %q", bad, s)
		}
		if m := bare.FindString(strings.ReplaceAll(s, `\\`, "")); m != "" {
			t.Errorf("%q is not escaped in %q", m, s)
		}
		for _, word := range []string{"#general", "~town-square", ":boom:"} {
			if strings.Contains(s, word) {
				t.Errorf("%s stands in %q", word, s)
			}
		}
	}
}

func TestLimit(t *testing.T) {
	m := sendertest.Message(strings.Repeat("*磁盘*", 9000))
	for range 60 {
		m.Steps = append(m.Steps, m.Steps[0])
	}
	var got struct {
		Attachments []struct{ Title, Text string }
	}
	if err := json.Unmarshal([]byte(suite.Body(t, m)), &got); err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(got.Attachments[0].Title + got.Attachments[0].Text); n > 16_383 {
		t.Errorf("%d characters", n)
	}
}
