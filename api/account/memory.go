package account

import (
	"maps"
	"sync"
	"time"

	"triagent/store"
)

// maxRemembered bounds each table of a memory.
const maxRemembered = 20_000

// memory holds what was read about sessions, users and tokens for a few
// seconds. A change in this process forgets it at once: forget moves a
// generation on, and what was read before that is not kept.
type memory struct {
	sessions table[store.Session]
	users    table[store.User]
	tokens   table[bearer]
}

// bearer is a token with its owner.
type bearer struct {
	token store.Token
	user  store.User
}

func newMemory(ttl time.Duration, now func() time.Time) memory {
	return memory{
		sessions: table[store.Session]{ttl: ttl, now: now},
		users:    table[store.User]{ttl: ttl, now: now},
		tokens:   table[bearer]{ttl: ttl, now: now},
	}
}

// forgetUser drops a user, with what hangs on them.
func (m *memory) forgetUser(id string) {
	m.users.forget(func(k string, _ store.User) bool { return k == id })
	m.sessions.forget(func(_ string, s store.Session) bool { return s.User == id })
	m.tokens.forget(func(_ string, b bearer) bool { return b.user.ID == id })
}

// table is one bounded table of a memory, by key.
type table[V any] struct {
	ttl time.Duration
	now func() time.Time

	mu         sync.Mutex
	generation int64
	items      map[string]remembered[V]
}

type remembered[V any] struct {
	value V
	until time.Time
}

// get returns the value of key, or else the result of read, which is kept. The
// error of read is returned and not kept.
func (t *table[V]) get(key string, read func() (V, error)) (V, error) {
	now := t.now()
	t.mu.Lock()
	e, ok := t.items[key]
	generation := t.generation
	t.mu.Unlock()
	if ok && now.Before(e.until) {
		return e.value, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.generation != generation {
		return v, nil // something changed while it was read
	}
	if t.items == nil {
		t.items = map[string]remembered[V]{}
	}
	t.makeRoom(now)
	t.items[key] = remembered[V]{v, now.Add(t.ttl)}
	return v, nil
}

// makeRoom drops what ran out, and anything where that is not enough.
func (t *table[V]) makeRoom(now time.Time) {
	if len(t.items) < maxRemembered {
		return
	}
	maps.DeleteFunc(t.items, func(_ string, e remembered[V]) bool { return !now.Before(e.until) })
	for k := range t.items {
		if len(t.items) < maxRemembered*9/10 {
			return
		}
		delete(t.items, k)
	}
}

// forget drops what match says, and what is being read at this moment.
func (t *table[V]) forget(match func(key string, v V) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generation++
	maps.DeleteFunc(t.items, func(k string, e remembered[V]) bool { return match(k, e.value) })
}

// drop forgets one key.
func (t *table[V]) drop(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generation++
	delete(t.items, key)
}
