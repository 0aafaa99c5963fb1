package budget_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"triagent/internal/errs"
	"triagent/llm"
	"triagent/llm/budget"
	"triagent/llm/endpoint"
)

// model costs what it is told.
type model func(context.Context, llm.Question) (llm.Answer, error)

func (m model) Ask(ctx context.Context, q llm.Question) (llm.Answer, error) { return m(ctx, q) }

var price = endpoint.Price{Prompt: 100, Completion: 300}

func answer(prompt, completion int) llm.Answer {
	return llm.Answer{Text: "ok", Usage: llm.Usage{Calls: 1, PromptTokens: prompt, CompletionTokens: completion, USD: price.USD(prompt, completion)}}
}

var today = time.Now().UTC().Format(time.DateOnly)

// TestNeverBeyond runs 200 diagnoses at once, each of which would ask 20 times:
// no account is ever beyond its bounds, and nearly all of a bound can be used.
func TestNeverBeyond(t *testing.T) {
	s := budget.Settings{Incident: budget.Limits{Calls: 10, Tokens: 30_000}, TenantDay: budget.Limits{USD: 60}, Day: budget.Limits{Tokens: 1_500_000}}
	var books budget.Memory
	var mu sync.Mutex
	real := map[string]budget.Amount{}
	m := &budget.Model{Ledger: &books, Settings: s, Price: price, Of: model(func(_ context.Context, q llm.Question) (llm.Answer, error) {
		a := answer(1+rand.IntN(len(q.User)/2), rand.IntN(q.Limit()+1)) //nolint:gosec // no secret
		mu.Lock()
		defer mu.Unlock()
		for _, who := range []string{"incident/" + q.Incident, "tenant/" + q.Tenant + "/" + today, "day/" + today} {
			real[who] = real[who].Add(budget.Amount{Calls: 1, Tokens: int64(a.Usage.PromptTokens + a.Usage.CompletionTokens), MicroUSD: int64(a.Usage.USD*1e6 + .5)})
		}
		return a, nil
	})}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			for range 20 {
				q := llm.Question{User: strings.Repeat("log line ", 600), Incident: fmt.Sprint(i), Tenant: fmt.Sprint(i % 3), MaxTokens: 500}
				if _, err := m.Ask(t.Context(), q); err != nil && llm.WhyOf(err) != llm.Spent {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for who, a := range real {
		limits := s.Incident
		switch who[0] {
		case 't':
			limits = s.TenantDay
		case 'd':
			limits = s.Day
		}
		if bound := limits.Over(a); bound != "" {
			t.Errorf("%s is beyond its %s: %+v", who, bound, a)
		}
		if books.Used(who) != a {
			t.Errorf("%s: the books say %+v, it was %+v", who, books.Used(who), a)
		}
	}
	if a := real["day/"+today]; a.Tokens < int64(s.Day.Tokens)*9/10 {
		t.Errorf("only %d of %d tokens could be used", a.Tokens, s.Day.Tokens)
	}
}

// TestUsed books what failed questions cost.
func TestUsed(t *testing.T) {
	q := llm.Question{User: strings.Repeat("x", 1000), MaxTokens: 100, Incident: "i"}
	whole := budget.Amount{Calls: 1, Tokens: 600, MicroUSD: 80_000}
	for _, tt := range []struct {
		name string
		a    llm.Answer
		err  error
		want budget.Amount
	}{
		{"counted", answer(10, 5), nil, budget.Amount{Calls: 1, Tokens: 15, MicroUSD: 2500}},
		{"not counted", llm.Answer{Usage: llm.Usage{Calls: 1}}, nil, whole},
		{"refused", llm.Answer{Usage: llm.Usage{Calls: 1}}, &llm.Failure{Why: llm.Busy, Err: errors.New("x")}, budget.Amount{Calls: 1}},
		{"broken off", llm.Answer{Usage: llm.Usage{Calls: 1}}, &llm.Failure{Why: llm.Down, Err: errors.New("x")}, whole},
		{"never left", llm.Answer{}, &llm.Failure{Why: llm.Blocked, Err: errors.New("x")}, budget.Amount{}},
		{"caller went away", llm.Answer{Usage: llm.Usage{Calls: 1}}, context.Canceled, whole},
	} {
		var books budget.Memory
		m := &budget.Model{Ledger: &books, Price: price, Of: model(func(context.Context, llm.Question) (llm.Answer, error) { return tt.a, tt.err })}
		if _, err := m.Ask(t.Context(), q); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := books.Used("incident/i"); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// broken is a ledger that cannot be asked.
type broken struct{ budget.Memory }

func (*broken) Reserve(context.Context, []budget.Account, budget.Amount) (budget.Account, string, error) {
	return budget.Account{}, "", errs.New(errs.Unavailable, "no database")
}

// TestDoubt asks nobody where it is not known what may be spent, and says whose
// budget is spent.
func TestDoubt(t *testing.T) {
	asked := 0
	of := model(func(context.Context, llm.Question) (llm.Answer, error) { asked++; return answer(1, 1), nil })
	m := &budget.Model{Ledger: &broken{}, Price: price, Of: of}
	if _, err := m.Ask(t.Context(), llm.Question{}); llm.WhyOf(err) != llm.Spent || asked != 0 {
		t.Errorf("%v, asked %d", err, asked)
	}
	m = &budget.Model{Ledger: &budget.Memory{}, Price: price, Of: of, Settings: budget.Settings{TenantDay: budget.Limits{Calls: 1}}}
	for i := range 2 {
		_, err := m.Ask(t.Context(), llm.Question{Tenant: "shop"})
		if (i == 1) != (llm.WhyOf(err) == llm.Spent) || i == 1 && !strings.Contains(err.Error(), "tenant/shop/") {
			t.Errorf("%d: %v", i, err)
		}
	}
	if _, err := m.Ask(t.Context(), llm.Question{Tenant: "bank"}); err != nil {
		t.Errorf("another tenant: %v", err)
	}
}
