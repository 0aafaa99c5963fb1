// Package budget keeps what models may cost within bounds: of an incident, of a
// tenant in a day, and of the installation in a day. Before a question leaves,
// the most that it can cost is set aside; when the answer is there, what it did
// cost takes that place. So bounds hold however many questions are under way.
package budget

import (
	"context"
	"errors"
	"time"

	"triagent/internal/errs"
	"triagent/llm"
)

// Limits bound one account; 0: no bound.
type Limits struct {
	Calls  int     `yaml:"calls"`
	Tokens int     `yaml:"tokens"` // prompts and answers
	USD    float64 `yaml:"usd"`
}

// Settings are the bounds of an installation.
type Settings struct {
	Incident  Limits `yaml:"incident"`
	TenantDay Limits `yaml:"tenant_day"` // a tenant's in a day of UTC
	Day       Limits `yaml:"day"`        // all tenants' together
}

// Validate says what is wrong with the settings.
func (s *Settings) Validate() error {
	for _, g := range []struct {
		name string
		l    Limits
	}{{"incident", s.Incident}, {"tenant_day", s.TenantDay}, {"day", s.Day}} {
		if g.l.Calls < 0 || g.l.Tokens < 0 || !(g.l.USD >= 0) || g.l.USD > 1e9 {
			return errs.New(errs.Invalid, "%s: calls, tokens and usd may not be negative", g.name)
		}
	}
	return nil
}

// Amount is what was or may be used. Money is in millionths of a US dollar, so
// that sums are exact.
type Amount struct{ Calls, Tokens, MicroUSD int64 }

// Add sums up.
func (a Amount) Add(b Amount) Amount {
	return Amount{a.Calls + b.Calls, a.Tokens + b.Tokens, a.MicroUSD + b.MicroUSD}
}

// Less takes away.
func (a Amount) Less(b Amount) Amount {
	return Amount{a.Calls - b.Calls, a.Tokens - b.Tokens, a.MicroUSD - b.MicroUSD}
}

// Over names the bound that an amount is beyond; empty: none.
func (l Limits) Over(a Amount) string {
	switch {
	case l.Calls > 0 && a.Calls > int64(l.Calls):
		return "calls"
	case l.Tokens > 0 && a.Tokens > int64(l.Tokens):
		return "tokens"
	case l.USD > 0 && a.MicroUSD > micro(l.USD):
		return "usd"
	}
	return ""
}

func micro(usd float64) int64 { return int64(usd*1e6 + .5) }

// Account is who pays, with its bounds.
type Account struct {
	Name   string // "incident/ID", "tenant/NAME/2026-11-22", "day/2026-11-22"
	Limits Limits
}

// Ledger keeps accounts. Implementations are safe for concurrent use.
type Ledger interface {
	// Reserve adds an amount to all accounts, or to none if that would be beyond
	// the bounds of one, which it then returns with the name of the bound.
	Reserve(ctx context.Context, accounts []Account, a Amount) (over Account, bound string, err error)
	// Settle replaces what was reserved by what was used.
	Settle(ctx context.Context, accounts []Account, reserved, used Amount) error
}

// Price is what tokens of one endpoint cost.
type Price interface {
	USD(prompt, completion int) float64
}

// Model is a llm.Model whose every question is paid for. It is to be put around
// an endpoint, and not around a pool, which may ask more than once.
type Model struct {
	Of       llm.Model
	Ledger   Ledger
	Settings Settings
	Price    Price
}

// Ask asks if all who pay can; otherwise the Failure is llm.Spent and says whose
// bound is reached.
func (m *Model) Ask(ctx context.Context, q llm.Question) (llm.Answer, error) {
	accounts := m.Settings.accounts(q, time.Now())
	most := m.most(q)
	over, bound, err := m.Ledger.Reserve(ctx, accounts, most)
	if err != nil {
		return llm.Answer{}, llm.Failed(llm.Spent, errs.Unavailable, "it is not known what may be spent: %w", err)
	}
	if bound != "" {
		return llm.Answer{}, llm.Failed(llm.Spent, errs.Exhausted, "the budget of %s is spent: its %s would not suffice", over.Name, bound)
	}
	a, err := m.Of.Ask(ctx, q)
	// Where the books cannot be written what was reserved stays: they are too high
	// then, and never too low.
	_ = m.Ledger.Settle(context.WithoutCancel(ctx), accounts, most, m.used(a, err, most))
	return a, err
}

// accounts are who pays for a question.
func (s *Settings) accounts(q llm.Question, now time.Time) []Account {
	day := now.UTC().Format(time.DateOnly)
	out := []Account{{"day/" + day, s.Day}, {"tenant/" + q.Tenant + "/" + day, s.TenantDay}}
	if q.Incident != "" {
		out = append(out, Account{"incident/" + q.Incident, s.Incident})
	}
	return out
}

// bytesAToken is how many bytes of text make a token at least, where text is
// dense: English has four, JSON and hexadecimal numbers two to three, Chinese two.
const bytesAToken = 2

// most is what a question can cost at most.
func (m *Model) most(q llm.Question) Amount {
	prompt := (len(q.System) + len(q.User) + len(q.Schema) + bytesAToken - 1) / bytesAToken
	return Amount{1, int64(prompt + q.Limit()), micro(m.Price.USD(prompt, q.Limit()))}
}

// used is what a question did cost. Servers that do not count, and those whose
// answer broke off, are taken to have used all.
func (m *Model) used(a llm.Answer, err error, most Amount) Amount {
	u := a.Usage
	if u.PromptTokens > 0 {
		return Amount{max(1, int64(u.Calls)), int64(u.PromptTokens + u.CompletionTokens), micro(u.USD)}
	}
	var f *llm.Failure
	switch {
	case err == nil:
		return most
	case u.Calls == 0: // it never left
		return Amount{}
	case errors.As(err, &f) && (f.Why == llm.Busy || f.Why == llm.Refused || f.Why == llm.TooLong):
		return Amount{Calls: 1} // refused unread
	}
	return most
}
