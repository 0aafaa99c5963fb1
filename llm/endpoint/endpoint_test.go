package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
	"triagent/internal/scripted"
	"triagent/llm"
	"triagent/llm/endpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const schema = `{"type": "object", "properties": {"node": {"type": "string"}}, "required": ["node"], "additionalProperties": false}`

func open(t *testing.T, kind, url string, change func(*endpoint.Settings)) *endpoint.Endpoint {
	t.Helper()
	s := endpoint.Settings{Kind: kind, Model: "m-1", Name: "first", Settings: fetch.Settings{URL: url, Token: "key-of-the-account", Proxy: "none"}}
	if change != nil {
		change(&s)
	}
	e, err := endpoint.New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func serve(t *testing.T, play func(scripted.Question) scripted.Part) *scripted.Server {
	t.Helper()
	s := scripted.Serve(play)
	t.Cleanup(s.Close)
	return s
}

// TestAsk carries a question and its schema over each protocol, and the answer
// with what it took back.
func TestAsk(t *testing.T) {
	for _, kind := range endpoint.Kinds {
		t.Run(kind, func(t *testing.T) {
			srv := serve(t, func(scripted.Question) scripted.Part { return scripted.Part{Text: `{"node": "n1"}`} })
			e := open(t, kind, srv.URL+"/v1", func(s *endpoint.Settings) { s.Price = endpoint.Price{Prompt: 1e5, Completion: 2e5} })
			a, err := e.Ask(t.Context(), llm.Question{System: "be short", User: "which node?", Schema: json.RawMessage(schema), Name: "diagnose", MaxTokens: 77})
			if err != nil {
				t.Fatal(err)
			}
			u := a.Usage
			if a.Text != `{"node": "n1"}` || a.Model != "m-1" || a.Endpoint != "first" || u.Calls != 1 || u.PromptTokens < 4 || u.CompletionTokens < 2 {
				t.Errorf("answer %+v", a)
			}
			if want := float64(u.PromptTokens+2*u.CompletionTokens) / 10; math.Abs(u.USD-want) > 1e-9 {
				t.Errorf("it costs %v, want %v", u.USD, want)
			}
			q := srv.Asked()[0]
			system := "be short"
			if kind == endpoint.Anthropic {
				system += "\n\nJSON schema of the answer:\n" + schema
			}
			if q.System != system || q.User != "which node?" || q.MaxTokens != 77 {
				t.Errorf("asked %+v", q)
			}
			if got := string(q.Schema); (kind != endpoint.Anthropic) != strings.Contains(got, "additionalProperties") {
				t.Errorf("schema %q", got)
			}
		})
	}
}

// TestFaults has every fault of the line become a failure with its reason.
func TestFaults(t *testing.T) {
	want := map[scripted.Fault]llm.Why{
		scripted.Busy: llm.Busy, scripted.Broken: llm.Down, scripted.Denied: llm.Refused, scripted.TooLong: llm.TooLong,
		scripted.Garbage: llm.Garbled, scripted.Page: llm.Garbled, scripted.ErrorInside: llm.Garbled, scripted.Endless: llm.Garbled,
		scripted.EmptyChoice: llm.Empty, scripted.NullChoice: llm.Empty,
		scripted.CutOff: llm.Down, scripted.Length: llm.Cut, scripted.NoReason: llm.Cut,
	}
	for _, kind := range endpoint.Kinds {
		for _, fault := range scripted.Faults {
			t.Run(kind+"/"+string(fault), func(t *testing.T) {
				srv := serve(t, func(scripted.Question) scripted.Part { return scripted.Part{Fault: fault, After: 7} })
				a, err := open(t, kind, srv.URL, nil).Ask(t.Context(), llm.Question{User: "q"})
				var f *llm.Failure
				if !errors.As(err, &f) {
					t.Fatalf("error %v", err)
				}
				why := want[fault]
				if why == llm.Empty && f.Why == llm.Garbled {
					why = llm.Garbled // of protocols that have no choices
				}
				if f.Why != why || f.Endpoint != "first" || a.Usage.Calls != 1 || a.Text != "" {
					t.Errorf("%s: %v, usage %+v, want %s", f.Why, f, a.Usage, why)
				}
				if (fault == scripted.Busy) != (f.After == 7*time.Second) {
					t.Errorf("wait %v", f.After)
				}
				if strings.Contains(f.Error(), "key-of-the-account") {
					t.Errorf("the key is in %v", f)
				}
			})
		}
	}
}

// TestSlow gives up after the timeout of the endpoint, and with its caller.
func TestSlow(t *testing.T) {
	srv := serve(t, func(scripted.Question) scripted.Part { return scripted.Part{Wait: time.Minute} })
	e := open(t, endpoint.OpenAI, srv.URL, func(s *endpoint.Settings) { s.Timeout = 50 * time.Millisecond })
	if _, err := e.Ask(t.Context(), llm.Question{User: "q"}); llm.WhyOf(err) != llm.Slow {
		t.Errorf("error %v", err)
	}
	gone := errors.New("the incident was closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := e.Ask(ctx, llm.Question{User: "q"}); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
}

// TestNobody asks where nothing listens.
func TestNobody(t *testing.T) {
	srv := scripted.Serve(nil)
	srv.Close()
	_, err := open(t, endpoint.OpenAI, srv.URL, nil).Ask(t.Context(), llm.Question{User: "q"})
	if llm.WhyOf(err) != llm.Down || errs.KindOf(err) != errs.Unavailable {
		t.Errorf("error %v", err)
	}
}

func TestValidate(t *testing.T) {
	good := endpoint.Settings{Kind: endpoint.Ollama, Model: "m", Settings: fetch.Settings{URL: "http://127.0.0.1:1"}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*endpoint.Settings){
		"kind":   func(s *endpoint.Settings) { s.Kind = "gemini" },
		"model":  func(s *endpoint.Settings) { s.Model = "" },
		"window": func(s *endpoint.Settings) { s.Window = 5 },
		"weight": func(s *endpoint.Settings) { s.Weight = -1 },
		"price":  func(s *endpoint.Settings) { s.Price.Prompt = -1 },
		"token":  func(s *endpoint.Settings) { s.Kind = endpoint.Anthropic },
		"url":    func(s *endpoint.Settings) { s.URL = "here" },
	} {
		s := good
		change(&s)
		if err := s.Validate(); errs.KindOf(err) != errs.Invalid || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
