package slack

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode"

	"github.com/slack-go/slack"

	"triagent/internal/errs"
)

// Verb is what somebody asks for.
type Verb string

// The verbs. What is not understood is Help.
const (
	Help      Verb = "help"
	Incidents Verb = "incidents" // what is open
	Why       Verb = "why"       // Arg names an incident
	Diagnose  Verb = "diagnose"  // Arg says what is wrong
)

// Command is what somebody asks for, by the slash command or by a mention.
type Command struct {
	ID      string // the same if Slack sends it again; may be empty
	Verb    Verb
	Arg     string
	Lang    string // "en" or "zh"
	Team    string
	Channel string
	Thread  string // of a mention: where the answer goes; empty for the slash command
	User    string // ID
	Name    string // of the user, where Slack says it
}

// Request is what Slack sent: one of the two is set, or none if there is nothing
// to be done.
type Request struct {
	Challenge string // to be sent back: Slack checks the address
	Command   *Command
	Mention   bool // the command is a mention, to be answered by Post
}

// The bounds of what is read.
const (
	maxText = 2000 // bytes of a command
	maxID   = 200  // bytes of an ID or a name
)

// Parse reads the body of a request that was verified: a form of the slash
// command, or an event in JSON. What Slack may send and nobody needs is no
// error. An error is of kind errs.Invalid, or errs.Denied for a workspace that
// may not ask.
func (in *Inbound) Parse(contentType string, body []byte) (Request, error) {
	var r Request
	var err error
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		r, err = in.slash(body)
	} else {
		r, err = in.event(body)
	}
	if err == nil && r.Command != nil && !in.allowed(r.Command.Team) {
		return Request{}, errs.New(errs.Denied, "this workspace may not ask: its ID is not in hooks.slack.teams of the configuration")
	}
	return r, err
}

// slash reads the form of a slash command.
func (in *Inbound) slash(body []byte) (Request, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return Request{}, errs.New(errs.Invalid, "the body is no form")
	}
	if form.Get("command") == "" {
		return Request{}, nil // Slack checks the certificate
	}
	get := func(key string) string { return bounded(form.Get(key), maxID) }
	c := in.command(form.Get("text"))
	c.ID, c.Team, c.Channel, c.User, c.Name = get("trigger_id"), get("team_id"), get("channel_id"), get("user_id"), get("user_name")
	return Request{Command: &c}, nil
}

// event reads an event of Slack's Events API.
func (in *Inbound) event(body []byte) (Request, error) {
	var e struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
		Team      string `json:"team_id"`
		ID        string `json:"event_id"`
		Event     struct {
			Type    string `json:"type"`
			User    string `json:"user"`
			Bot     string `json:"bot_id"`
			Text    string `json:"text"`
			Time    string `json:"ts"`
			Thread  string `json:"thread_ts"`
			Channel string `json:"channel"`
		} `json:"event"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return Request{}, errs.New(errs.Invalid, "the body is no event of Slack")
	}
	switch {
	case e.Type == "url_verification":
		return Request{Challenge: bounded(e.Challenge, maxText)}, nil
	case e.Type != "event_callback" || e.Event.Type != "app_mention" || e.Event.Bot != "":
		return Request{}, nil
	}
	text := strings.TrimSpace(e.Event.Text)
	if rest, ok := strings.CutPrefix(text, "<@"); ok {
		_, text, _ = strings.Cut(rest, ">")
	}
	c := in.command(html.UnescapeString(text))
	c.ID, c.Team, c.Channel, c.User = bounded(e.ID, maxID), bounded(e.Team, maxID), bounded(e.Event.Channel, maxID), bounded(e.Event.User, maxID)
	if c.Thread = e.Event.Thread; c.Thread == "" {
		c.Thread = e.Event.Time
	}
	c.Thread = bounded(c.Thread, maxID)
	return Request{Command: &c, Mention: true}, nil
}

var verbs = []struct {
	verb  Verb
	words []string
}{
	{Help, []string{"help", "帮助"}},
	{Incidents, []string{"incidents", "list", "故障", "事件"}},
	{Why, []string{"why", "为什么", "原因"}},
	{Diagnose, []string{"diagnose", "诊断"}},
}

// command reads what was typed. A Chinese verb needs no space behind it.
func (in *Inbound) command(text string) Command {
	text = bounded(text, maxText)
	c := Command{Verb: Help, Lang: in.lang}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		c.Lang = "zh"
	}
	word, rest, _ := strings.Cut(text, " ")
	for _, v := range verbs {
		for _, w := range v.words {
			switch {
			case strings.EqualFold(word, w):
				c.Verb, c.Arg = v.verb, strings.TrimSpace(rest)
				return c
			case w[0] >= 0x80 && strings.HasPrefix(text, w):
				c.Verb, c.Arg = v.verb, strings.TrimSpace(strings.TrimLeft(text[len(w):], ":：，, "))
				return c
			}
		}
	}
	return c
}

// bounded cleans text from outside: one line of valid UTF-8 without control
// characters, cut to n bytes.
func bounded(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// Response is the JSON that answers a slash command; only who asked sees it.
func (a Answer) Response() ([]byte, error) {
	m := slack.Msg{ResponseType: slack.ResponseTypeEphemeral, Text: a.fallback(), Blocks: slack.Blocks{BlockSet: a.blocks()}}
	return json.Marshal(m)
}
