// Package endpoint asks one server that serves a language model, over
// langchaingo: OpenAI's protocol and all that speak it, Anthropic's, Ollama's.
//
// What langchaingo loses or leaves to chance is done beneath it, where the bytes
// go over the line (carrier): status and Retry-After are kept, the schema of the
// answer is put into the request, an answer has a bound, and an error in the
// clothes of a success is one.
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/anthropic"
	"github.com/tmc/langchaingo/llms/ollama"
	"github.com/tmc/langchaingo/llms/openai"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
	"triagent/llm"
)

// Endpoint is an llm.Model on one server. Close it.
type Endpoint struct {
	s      Settings
	client *fetch.Client
	model  llms.Model
}

// New checks the settings and connects to nothing.
func New(s Settings) (*Endpoint, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s.fill()
	line := s.Settings
	if s.Kind == Anthropic { // its key goes into a header of its own
		line.Token = ""
	}
	client, err := fetch.New(line)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{s: s, client: client}
	if e.model, err = e.dial(&http.Client{Transport: &carrier{client: client, s: &e.s}}); err != nil {
		return nil, errors.Join(&errs.Error{Op: "open model " + s.Name, Kind: errs.Invalid, Err: err}, client.Close())
	}
	return e, nil
}

// nowhere is the address that langchaingo is given. The carrier puts the real
// one in its place.
const nowhere = "http://model.invalid"

func (e *Endpoint) dial(over *http.Client) (llms.Model, error) {
	switch e.s.Kind {
	case Anthropic:
		return anthropic.New(anthropic.WithHTTPClient(over), anthropic.WithBaseURL(nowhere), anthropic.WithModel(e.s.Model), anthropic.WithToken(string(e.s.Token)))
	case Ollama:
		return ollama.New(ollama.WithHTTPClient(over), ollama.WithServerURL(nowhere), ollama.WithModel(e.s.Model))
	}
	// The token is the carrier's: langchaingo insists on one.
	return openai.New(openai.WithHTTPClient(over), openai.WithBaseURL(nowhere), openai.WithModel(e.s.Model), openai.WithToken("-"))
}

// Close ends idle connections.
func (e *Endpoint) Close() error { return e.client.Close() }

// Settings are those it was made of, with what was left out filled in.
func (e *Endpoint) Settings() Settings { return e.s }

// Ask asks once: it neither repeats nor waits beyond its timeout.
func (e *Endpoint) Ask(ctx context.Context, q llm.Question) (llm.Answer, error) {
	begun := time.Now()
	x := &exchange{question: q}
	said, err := e.generate(context.WithValue(ctx, exchangeKey{}, x), q)
	a := llm.Answer{Model: e.s.Model, Endpoint: e.s.Name, Wall: time.Since(begun)}
	if x.sent {
		a.Usage.Calls = 1
	}
	if said != nil {
		a.Usage.PromptTokens, a.Usage.CompletionTokens = tokens(said.GenerationInfo)
		a.Usage.USD = e.s.Price.USD(a.Usage.PromptTokens, a.Usage.CompletionTokens)
		a.Text = said.Content
	}
	f := e.judge(ctx, x, said, err)
	if f == nil {
		return a, nil
	}
	if ctx.Err() != nil {
		return a, context.Cause(ctx)
	}
	f.Endpoint = e.s.Name
	return llm.Answer{Usage: a.Usage}, f
}

// generate asks langchaingo, which some answers make panic.
func (e *Endpoint) generate(ctx context.Context, q llm.Question) (said *llms.ContentChoice, err error) {
	defer func() {
		if r := recover(); r != nil {
			said, err = nil, fmt.Errorf("its answer is of no known form (%v)", r)
		}
	}()
	asked := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, q.User)}
	if system := e.system(q); system != "" {
		asked = append([]llms.MessageContent{llms.TextParts(llms.ChatMessageTypeSystem, system)}, asked...)
	}
	got, err := e.model.GenerateContent(ctx, asked, llms.WithTemperature(q.Temperature), llms.WithMaxTokens(q.Limit()))
	if err != nil {
		return nil, err
	}
	if len(got.Choices) == 0 || got.Choices[0] == nil {
		return nil, errNothing
	}
	return got.Choices[0], nil
}

// system is the instructions, with the schema of the answer where the server does
// not bind the model to it.
func (e *Endpoint) system(q llm.Question) string {
	if len(q.Schema) == 0 || e.s.bound() {
		return q.System
	}
	return strings.TrimSpace(q.System + "\n\nJSON schema of the answer:\n" + string(q.Schema))
}

var errNothing = errors.New("it gave no answer")

// judge says what is wrong with what came; nil: nothing.
func (e *Endpoint) judge(ctx context.Context, x *exchange, said *llms.ContentChoice, err error) *llm.Failure {
	switch {
	case x.failure != nil:
		return x.failure
	case ctx.Err() != nil:
		return &llm.Failure{Why: llm.Slow, Err: ctx.Err()}
	case errors.Is(err, errNothing):
		return llm.Failed(llm.Empty, errs.Unavailable, "%w", err)
	case err != nil:
		return llm.Failed(llm.Garbled, errs.Unavailable, "its answer is not understood: %w", err)
	}
	stop := said.StopReason
	if e.s.Kind == Ollama {
		stop = x.stop // langchaingo does not pass it on
	}
	switch stop {
	case "stop", "end_turn", "stop_sequence":
	case "length", "max_tokens":
		return llm.Failed(llm.Cut, errs.Exhausted, "the answer is longer than the %d tokens it may have", x.question.Limit())
	case "content_filter", "refusal":
		return llm.Failed(llm.Empty, errs.Denied, "the model does not want to answer (%s)", stop)
	default:
		return llm.Failed(llm.Cut, errs.Unavailable, "the answer ends without a word that it is whole (%.40q)", stop)
	}
	if strings.TrimSpace(said.Content) == "" {
		return llm.Failed(llm.Empty, errs.Unavailable, "%w", errNothing)
	}
	return nil
}

// tokens reads how much was used; servers that do not count leave it at 0.
func tokens(info map[string]any) (prompt, completion int) {
	first := func(names ...string) int {
		for _, n := range names {
			if v, ok := info[n].(int); ok && v > 0 {
				return v
			}
		}
		return 0
	}
	return first("PromptTokens", "InputTokens"), first("CompletionTokens", "OutputTokens")
}
