package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// texts is the search texts of all incidents in memory, as haystack is for
// alerts: a search for a part of a word reads every row otherwise, and people
// search all the time. Unlike alerts, incidents change. What changed is read
// anew when the store's revision moved, by the time of the change: one that
// another process stamped more than textSlack too early is only seen when all is
// read, once in textAll. What is found is asked of the database again, so that a
// text that is out of date never gives a wrong answer, it can only miss one.
type texts struct {
	load sync.Mutex // held by who reads what is new

	mu       sync.RWMutex
	revision int64     // of the store when it was read last
	newest   int64     // time of the last change that was read
	read     time.Time // when all was read
	rows     []textRow
	place    map[int64]int // of a number in rows
	size     int           // bytes of texts
	full     bool          // too large: given up

	asked searches
}

type textRow struct {
	number, opened, updated int64
	text                    string
}

const (
	maxTexts  = 96 << 20 // bytes
	textSlack = time.Minute
	textAll   = 5 * time.Minute
	readTexts = `SELECT number, opened, updated, search FROM incidents WHERE updated >= $1`
)

func scanText(row scanner) (v textRow, err error) {
	return v, row.Scan(&v.number, &v.opened, &v.updated, &v.text)
}

// refresh reads what changed. It reports whether the texts hold all there are.
func (x *texts) refresh(ctx context.Context, s *Store) (bool, error) {
	revision, err := s.Revision(ctx) // first: what is written after it is read the next time
	if err != nil {
		return false, err
	}
	if _, due := x.due(revision, s.now()); due {
		if err := x.update(ctx, s, revision); err != nil {
			return false, err
		}
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	return !x.full, nil
}

// due reports whether something is to be read for a revision, and since when.
func (x *texts) due(revision int64, now time.Time) (since int64, due bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	switch {
	case x.full:
		return 0, false
	case x.read.IsZero(), now.Sub(x.read) >= textAll, now.Before(x.read):
		return 0, true
	}
	return max(1, x.newest-textSlack.Nanoseconds()), revision > x.revision
}

// update reads what is due, one caller at a time: those who waited find it done.
func (x *texts) update(ctx context.Context, s *Store, revision int64) error {
	x.load.Lock()
	defer x.load.Unlock()
	now := s.now()
	since, due := x.due(revision, now)
	if !due {
		return nil
	}
	rows, err := all(scanText)(s.rows(ctx, readTexts, since))
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.revision = max(x.revision, revision)
	if since == 0 {
		x.read, x.rows, x.place, x.size = now, make([]textRow, 0, len(rows)), make(map[int64]int, len(rows)), 0
		x.asked.forget()
	}
	x.put(rows)
	return nil
}

// put takes rows in. The caller holds mu.
func (x *texts) put(rows []textRow) {
	for _, r := range rows {
		x.newest = max(x.newest, r.updated)
		at, known := x.place[r.number]
		if !known {
			at = len(x.rows)
			x.place[r.number] = at
			x.rows = append(x.rows, textRow{})
		}
		x.size += len(r.text) - len(x.rows[at].text)
		x.rows[at] = r
		x.asked.note(at)
	}
	if x.size > maxTexts {
		x.full, x.rows, x.place = true, nil, nil
	}
}

// find returns the numbers of the incidents that hold all words, those opened
// last first.
func (x *texts) find(words []string) []int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	places := x.asked.find(words, len(x.rows), func(at int) bool {
		for _, w := range words {
			if !strings.Contains(x.rows[at].text, w) {
				return false
			}
		}
		return true
	})
	slices.SortFunc(places, func(a, b int) int {
		return cmp.Or(cmp.Compare(x.rows[b].opened, x.rows[a].opened), cmp.Compare(x.rows[b].number, x.rows[a].number))
	})
	numbers := make([]int64, len(places))
	for i, at := range places {
		numbers[i] = x.rows[at].number
	}
	return numbers
}

// narrow adds to what f chooses by which numbers its words are found, if they
// are few. A word that is in many incidents fills a page soon without that.
func (s *Store) narrow(ctx context.Context, f Filter, w *where) error {
	var sought []string
	for _, word := range words(f.Text) {
		word = strings.ToLower(word)
		if _, id := incidentNumber(word); !id { // found by its number
			sought = append(sought, word)
		}
	}
	if len(sought) == 0 {
		return nil
	}
	ok, err := s.texts.refresh(ctx, s)
	if err != nil || !ok {
		return err
	}
	numbers := s.texts.find(sought)
	if len(w.conds) == len(sought) && f.After == "" && f.CountUpTo == 0 && (f.Sort == "" || f.Sort == "-opened") {
		numbers = numbers[:min(len(numbers), limitOf(f.Limit)+1)] // nothing else chooses or sorts: these are the page
	}
	if len(numbers) <= maxFound {
		in(w, "number", padded(numbers), func(n int64) any { return n })
	}
	return nil
}
