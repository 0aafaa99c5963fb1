package store

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"triagent/internal/errs"
)

// nanos is a time as it is stored: Unix nanoseconds, 0 for the zero time. Times
// that do not fit (before 1678, after 2262) are stored as the nearest that does.
func nanos(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Before(time.Unix(0, 1)):
		return 1
	case t.Year() > 2261:
		return 1<<63 - 1
	}
	return t.UnixNano()
}

// moment is the time of stored nanoseconds.
func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// flag is a truth value as it is stored.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// text is a list or map as stored JSON; nil is that of an empty one. The types
// given cannot fail to encode.
func text[T []string | map[string]string](v T) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// parsed reads what text made.
func parsed[T []string | map[string]string](s string) (v T, err error) {
	err = json.Unmarshal([]byte(s), &v)
	return v, err
}

// incidentID is the ID of the incident of a number.
func incidentID(number int64) string { return "inc-" + strconv.FormatInt(number, 10) }

// incidentNumber is the number in an ID; false if it is no ID of ours.
func incidentNumber(id string) (int64, bool) {
	digits, ok := strings.CutPrefix(id, "inc-")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n > 0 && incidentID(n) == id
}

// numberOf is incidentNumber with a NotFound error.
func numberOf(id string) (int64, error) {
	n, ok := incidentNumber(id)
	if !ok {
		return 0, missing("incident", id)
	}
	return n, nil
}

// itoa is a row number as text.
func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// newID makes an identity that nobody can guess: 20 characters of a-z and 2-7.
func newID() string { return strings.ToLower(rand.Text()[:20]) }

// clip cuts s to at most n bytes, at a rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// maxSearch bounds the text of a row that search looks at.
const maxSearch = 4096

// searchText is the text of a row that search looks at: parts joined by a
// character that no query holds, in lower case.
func searchText(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" || b.Len() > maxSearch {
			continue
		}
		b.WriteString(strings.ToLower(p))
		b.WriteByte('\n')
	}
	return clip(b.String(), maxSearch)
}

// values returns the values of labels in the order of their names.
func values(labels map[string]string) []string {
	names := make([]string, 0, len(labels))
	for k := range labels {
		names = append(names, k)
	}
	slices.Sort(names)
	out := make([]string, len(names))
	for i, k := range names {
		out[i] = labels[k]
	}
	return out
}

// pattern is a LIKE pattern for text that contains a word, any case; its own
// wildcards are escaped by a backslash.
func pattern(word string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(word)) + "%"
}

// words splits what a user searches for. All must be found.
func words(query string) []string {
	w := strings.Fields(clip(query, 400))
	return w[:min(len(w), 8)]
}

// cursor is the place where a page ended: what it was sorted by and the
// number of its last row.
type cursor struct {
	Sort string `json:"s"`
	Key  int64  `json:"k"`
	ID   int64  `json:"i"`
}

// String is the opaque form that callers hand back.
func (c cursor) String() string {
	b, _ := json.Marshal(c) // two numbers and a word: cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

// readCursor reads what String made for the same sort.
func readCursor(s, sort string) (c cursor, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.Sort != sort {
		return c, errs.New(errs.Invalid, "the cursor is not one of this list: start again without it")
	}
	return c, nil
}

// limitOf is the size of a page: 1 to 500, 50 if none is given.
func limitOf(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, 500)
}
