package postgresql

import (
	"slices"
	"sync"

	"triagent/incident"
)

// memory is what a source saw of its nodes when it was asked before: their
// names, when they answered, and their roles. PostgreSQL remembers none of it,
// and Patroni forgets a member that is gone.
type memory struct {
	mu    sync.Mutex
	nodes map[string]*past // by host:port
}

// past is what was seen of one node.
type past struct {
	member string // Patroni's name for it
	group  string
	ups    []seen
	roles  []held
}

// seen says whether a node answered at a time.
type seen struct {
	at int64 // Unix nanoseconds
	up bool
}

// held says that a node had a role from a time on.
type held struct {
	at   int64 // Unix nanoseconds; 0: from the beginning
	role incident.Role
	seen bool // it was seen in it then; since when it had it is not known
}

// kept bounds what is remembered of a node.
const kept = 1000

func (m *memory) of(at address) *past {
	if m.nodes == nil {
		m.nodes = make(map[string]*past)
	}
	p := m.nodes[at.String()]
	if p == nil {
		p = &past{}
		m.nodes[at.String()] = p
	}
	return p
}

// saw notes whether a node answered.
func (m *memory) saw(at address, x seen) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.of(at)
	p.ups = append(p.ups, x)
	if len(p.ups) > kept {
		p.ups = slices.Delete(p.ups, 0, len(p.ups)-kept)
	}
}

// learn notes names and roles of the nodes that are known now.
func (m *memory) learn(now int64, list []*seat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range list {
		if n.at == (address{}) {
			continue
		}
		p := m.of(n.at)
		if n.member != "" {
			p.member = n.member
		}
		if n.group != "" {
			p.group = n.group
		}
		if n.role != "" && (len(p.roles) == 0 || p.roles[len(p.roles)-1].role != n.role) {
			p.roles = append(p.roles, held{now, n.role, true})
			if len(p.roles) > kept {
				p.roles = slices.Delete(p.roles, 0, len(p.roles)-kept)
			}
		}
	}
}

// recall returns a copy of what was seen of a node, in order of time.
func (m *memory) recall(at address) past {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := *m.of(at)
	p.ups, p.roles = slices.Clone(p.ups), slices.Clone(p.roles)
	slices.SortStableFunc(p.ups, func(a, b seen) int { return int(min(max(a.at-b.at, -1), 1)) })
	return p
}
