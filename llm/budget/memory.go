package budget

import (
	"context"
	"sync"
)

// Memory is a Ledger for as long as the process lives. The zero Memory is ready.
type Memory struct {
	mu   sync.Mutex
	used map[string]Amount
	turn []string // accounts in the order they came
}

// mostAccounts bounds the accounts that are remembered: those of old days and
// incidents go first.
const mostAccounts = 100_000

// Reserve implements Ledger.
func (m *Memory) Reserve(_ context.Context, accounts []Account, a Amount) (Account, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, acc := range accounts {
		if bound := acc.Limits.Over(m.used[acc.Name].Add(a)); bound != "" {
			return acc, bound, nil
		}
	}
	m.add(accounts, a)
	return Account{}, "", nil
}

// Settle implements Ledger.
func (m *Memory) Settle(_ context.Context, accounts []Account, reserved, used Amount) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(accounts, used.Less(reserved))
	return nil
}

// Used is what an account has used and set aside.
func (m *Memory) Used(account string) Amount {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used[account]
}

func (m *Memory) add(accounts []Account, a Amount) {
	if m.used == nil {
		m.used = make(map[string]Amount)
	}
	for _, acc := range accounts {
		if _, known := m.used[acc.Name]; !known {
			if len(m.turn) >= mostAccounts {
				delete(m.used, m.turn[0])
				m.turn = m.turn[1:]
			}
			m.turn = append(m.turn, acc.Name)
		}
		m.used[acc.Name] = m.used[acc.Name].Add(a)
	}
}
