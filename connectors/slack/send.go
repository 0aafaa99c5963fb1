// Package slack speaks with Slack: messages about incidents go out to a channel,
// one message for each incident, updated in place, with its story in the thread.
package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// SendConfig says where to send: with a bot's token to a channel, or to an
// incoming webhook. With a token one message about an incident is updated in
// place and what happens is told in its thread; a webhook posts a new message
// each time.
type SendConfig struct {
	Token      connectors.Secret // "xoxb-...", with the scope chat:write
	Channel    string            // ID as C0123ABCD, or #name; with Token
	WebhookURL connectors.Secret // instead of Token and Channel
	APIURL     string            // empty: that of Slack; ends in a slash
	Client     *http.Client      // nil: one of outgoing.Guard
}

// goodChannel reports whether a name can be that of a channel: a pattern of so
// many kinds of letters would take its time at every start.
func goodChannel(name string) bool {
	name = strings.TrimPrefix(name, "#")
	return name != "" && utf8.RuneCountInString(name) <= 80 && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("._-", r)
	})
}

// Validate says what is wrong, of kind errs.Invalid.
func (c SendConfig) Validate() error {
	if c.WebhookURL != "" {
		if c.Token != "" {
			return errs.New(errs.Invalid, "webhook_url: give either a webhook or a token")
		}
		return outgoing.CheckURL("webhook_url", c.WebhookURL)
	}
	if c.Token == "" {
		return errs.New(errs.Invalid, "token: give a token and a channel, or a webhook_url")
	}
	if !strings.HasPrefix(string(c.Token), "xox") || strings.ContainsAny(string(c.Token), " \r\n\t") {
		return errs.New(errs.Invalid, "token: it is not a bot's token, which begins with xoxb-")
	}
	if !goodChannel(c.Channel) {
		return errs.New(errs.Invalid, "channel: %q is neither an ID as C0123ABCD nor a name as #alerts", outgoing.Clip(outgoing.Line(c.Channel), 80))
	}
	return nil
}

// NewSender returns a sender to one channel.
func NewSender(c SendConfig) (connectors.Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Client == nil {
		c.Client = outgoing.Guard{}.Client(0)
	}
	if c.WebhookURL != "" {
		return hook{c}, nil
	}
	opts := []slack.Option{slack.OptionHTTPClient(c.Client)}
	if c.APIURL != "" {
		opts = append(opts, slack.OptionAPIURL(c.APIURL))
	}
	return &bot{c, slack.New(string(c.Token), opts...)}, nil
}

// hook sends to an incoming webhook.
type hook struct{ SendConfig }

var _ connectors.Sender = hook{}

// Send posts a new message; there is no receipt.
func (h hook) Send(ctx context.Context, m connectors.Message, _ connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	body, err := json.Marshal(slack.WebhookMessage{Text: fallback(m), Blocks: &slack.Blocks{BlockSet: blocks(m)}})
	if err != nil {
		return "", err
	}
	answer, err := outgoing.PostJSON(ctx, h.Client, h.WebhookURL, body, nil)
	if err != nil {
		return "", err
	}
	if said := strings.TrimSpace(string(answer)); said != "ok" {
		return "", errs.New(errs.Invalid, "Slack answered: %s", outgoing.Clip(outgoing.Line(said), 200))
	}
	return "", nil
}

// bot sends with a token.
type bot struct {
	SendConfig
	api *slack.Client
}

var _ connectors.Sender = (*bot)(nil)

// Send posts the first message about an incident, or updates it and tells what
// happened in its thread. The receipt is "CHANNEL|TIMESTAMP" of the first.
func (b *bot) Send(ctx context.Context, m connectors.Message, before connectors.Receipt) (connectors.Receipt, error) {
	m = outgoing.Bound(m)
	channel, stamp, ok := strings.Cut(string(before), "|")
	if !ok || m.Incident == "" {
		return b.post(ctx, m)
	}
	// The update may be repeated without harm; the answer in the thread comes
	// last, so that a retry after its failure repeats nothing that is seen.
	_, _, _, err := b.api.UpdateMessageContext(ctx, channel, stamp, content(m)...)
	if gone(err) {
		return b.post(ctx, m)
	}
	if err != nil {
		return "", classify(err)
	}
	opts := []slack.MsgOption{
		slack.MsgOptionText(fallback(m), false), slack.MsgOptionBlocks(detail(m)...), slack.MsgOptionTS(stamp),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
	if _, _, err := b.api.PostMessageContext(ctx, channel, opts...); err != nil {
		return "", classify(err)
	}
	return before, nil
}

func (b *bot) post(ctx context.Context, m connectors.Message) (connectors.Receipt, error) {
	channel, stamp, err := b.api.PostMessageContext(ctx, b.Channel, content(m)...)
	if err != nil {
		return "", classify(err)
	}
	if m.Incident == "" {
		return "", nil
	}
	return connectors.Receipt(channel + "|" + stamp), nil
}

func content(m connectors.Message) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(fallback(m), false), slack.MsgOptionBlocks(blocks(m)...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
}

// gone says that the message to update is no longer there or may not be
// changed any more.
func gone(err error) bool {
	var said slack.SlackErrorResponse
	if !errors.As(err, &said) {
		return false
	}
	switch said.Err {
	case "message_not_found", "cant_update_message", "edit_window_closed", "is_inactive":
		return true
	}
	return false
}

// classify gives an error of the API its kind and drops URLs.
func classify(err error) error {
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	var said slack.SlackErrorResponse
	switch {
	case errors.As(err, &limited):
		return outgoing.Unavailable(limited.RetryAfter, "Slack asks to wait")
	case errors.As(err, &status):
		return outgoing.Refusal(status.Code, nil, nil)
	case !errors.As(err, &said):
		return outgoing.Failure(err)
	}
	text := "Slack answered " + outgoing.Clip(outgoing.Line(said.Err), 100)
	switch said.Err {
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission", "missing_scope",
		"not_allowed_token_type", "org_login_required", "ekm_access_denied", "two_factor_setup_required", "team_access_not_granted":
		return &errs.Error{Kind: errs.Denied, Err: errors.New(text), Remedy: "renew the token; it needs the scope chat:write"}
	case "not_in_channel", "channel_not_found", "is_archived", "restricted_action", "restricted_action_read_only_channel":
		return &errs.Error{Kind: errs.Denied, Err: errors.New(text), Remedy: "invite the bot into the channel, or choose another"}
	case "msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "no_text", "too_many_attachments", "invalid_arguments", "invalid_arg_name":
		return errs.New(errs.Invalid, "%s", text)
	}
	return errs.New(errs.Unavailable, "%s", text)
}
