package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
)

// haystack is the search texts of all alerts in memory. A search for a part of
// a word cannot use an index that both databases have, and reading 100,000
// rows takes either 100 ms; here it takes a few. Alerts never change their text
// and are numbered in the order of their commits, so that what other processes
// add is found by its number. Past maxHay bytes it is given up and searches
// read the table.
type haystack struct {
	load sync.Mutex // held by who reads what is new

	mu    sync.RWMutex
	last  int64   // largest ID read
	size  int     // bytes of texts, and what each costs beside
	full  bool    // too large: given up
	straw []straw // ascending by key, then id
}

// straw is one alert: what it is sorted by, its ID and its text.
type straw struct {
	key, id int64
	text    string
}

const (
	maxHay   = 192 << 20 // bytes
	strawBig = 40        // bytes of a straw beside its text
	readHay  = `SELECT starts, id, search FROM alerts WHERE id > $1 ORDER BY id LIMIT 5000`
)

func compareStraw(a, b straw) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id)) }

// refresh reads the alerts that are new. It reports whether the haystack holds
// all there are.
func (h *haystack) refresh(ctx context.Context, s *Store) (bool, error) {
	h.load.Lock()
	defer h.load.Unlock()
	for !h.full {
		part, err := all(func(row scanner) (v straw, err error) { return v, row.Scan(&v.key, &v.id, &v.text) })(s.rows(ctx, readHay, h.last))
		if err != nil {
			return false, err
		}
		if len(part) > 0 {
			h.add(part)
		}
		if len(part) < 5000 {
			break
		}
	}
	return !h.full, nil
}

func (h *haystack) add(part []straw) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, v := range part {
		h.last = max(h.last, v.id)
		h.size += len(v.text) + strawBig
	}
	if h.size > maxHay {
		h.full, h.straw = true, nil
		return
	}
	n := len(h.straw)
	h.straw = append(h.straw, part...)
	slices.SortFunc(part, compareStraw)
	if n > 0 && compareStraw(h.straw[n-1], part[0]) > 0 {
		slices.SortFunc(h.straw, compareStraw)
	} else {
		copy(h.straw[n:], part)
	}
}

// find returns the IDs of the last alerts that hold all words, those before a
// cursor if there is one, at most n; more says that there are others.
func (h *haystack) find(words []string, before *cursor, n int) (ids []int64, more bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	end := len(h.straw)
	if before != nil {
		end, _ = slices.BinarySearchFunc(h.straw, straw{key: before.Key, id: before.ID}, compareStraw)
	}
next:
	for i := end - 1; i >= 0; i-- {
		for _, w := range words {
			if !strings.Contains(h.straw[i].text, w) {
				continue next
			}
		}
		if len(ids) == n {
			return ids, true
		}
		ids = append(ids, h.straw[i].id)
	}
	return ids, false
}

// maxFound bounds the alerts that a search hands to the database.
const maxFound = 1000

// found is f's words as a condition on IDs. It reports whether that is all that
// f's words choose before its cursor, and whether the haystack could be asked.
func (s *Store) found(ctx context.Context, f AlertFilter, w *where, before *cursor) (whole, ok bool, err error) {
	if ok, err = s.hay.refresh(ctx, s); !ok || err != nil {
		return false, false, err
	}
	var lower []string
	for _, word := range words(f.Text) {
		lower = append(lower, strings.ToLower(word))
	}
	n := maxFound
	alone := len(w.conds) == 0 || len(w.conds) == 1 && before != nil
	if alone {
		n = limitOf(f.Limit) + 1 // nothing else chooses among them
	}
	ids, more := s.hay.find(lower, before, n)
	marks := make([]string, 0, n)
	for _, id := range padded(ids) {
		marks = append(marks, w.bind(id))
	}
	w.conds = append(w.conds, "id IN ("+strings.Join(marks, ", ")+")")
	return alone || !more, true, nil
}

// padded repeats the last ID up to a power of two, so that there are few
// statements to prepare. None becomes 0, which no alert has.
func padded(ids []int64) []int64 {
	if len(ids) == 0 {
		return []int64{0}
	}
	n := 1
	for n < len(ids) {
		n *= 2
	}
	for len(ids) < n {
		ids = append(ids, ids[len(ids)-1])
	}
	return ids
}
