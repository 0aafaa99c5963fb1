package intake

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"triagent/connectors"
	"triagent/store"
)

// What is kept of one alert; the rest is cut off.
const (
	maxLabels = 64
	maxName   = 256  // bytes of a name, a node or the name of a label
	maxValue  = 1024 // bytes of a label's value
	maxNote   = 4096 // bytes of an annotation
	maxURL    = 2048
)

// signal is an alert that is ready to be placed.
type signal struct {
	alert     store.Alert
	group     string   // the sender's, made distinct by its source; empty: none
	hosts     []string // node and peer without ports
	at        time.Time
	startless bool // the sender did not say since when
	stored    bool // it has ended and the index does not know it, but the store does
	assumed   bool // its end was not told but concluded
}

// prepare cleans an alert and finds out what it is about. It reports false for
// an alert that is to be ignored.
func (in *Intake) prepare(a *connectors.Alert, g *graph, now time.Time) (signal, bool) {
	name := clean(a.Name, maxName)
	if name == "" {
		name = "alert"
	}
	if in.ignore[name] {
		return signal{}, false
	}
	s := signal{alert: store.Alert{
		Source: clean(a.Source, maxName), Name: name,
		Labels: cleanMap(a.Labels, maxValue), Annotations: cleanMap(a.Annotations, maxNote), URL: cleanURL(a.URL),
		Received: now, Last: now, Count: 1,
	}}
	said := [3]string{clean(a.Node, maxName), clean(a.Peer, maxName), clean(a.System, maxName)}
	s.alert.Fingerprint = fingerprint(&s.alert, said)
	l := s.alert.Labels
	s.alert.System = said[2]
	if s.alert.System == "" {
		s.alert.System = clip(firstLabel(l, in.config.Names.System), maxName)
	}
	s.alert.Node = clip(node(said[0], l, in.config.Names.Node, g.known), maxName)
	s.alert.Peer = clip(node(said[1], l, in.config.Names.Peer, g.known), maxName)
	sent := a.Severity
	if strings.TrimSpace(sent) == "" {
		sent = firstLabel(l, in.config.Names.Severity)
	}
	s.alert.Severity = severity(sent)
	if group := clean(a.Group, maxValue); group != "" {
		s.group = s.alert.Source + "\x00" + group
	}
	s.hosts = distinct(hostOf(s.alert.Node), hostOf(s.alert.Peer))
	s.times(a, now)
	return s, true
}

// times sets when the alert began and ended. A start before 1971 or more than a
// day ahead is no start.
func (s *signal) times(a *connectors.Alert, now time.Time) {
	starts, ends := a.Starts.UTC().Truncate(time.Microsecond), a.Ends.UTC().Truncate(time.Microsecond)
	if starts.Year() < 1971 || starts.After(now.Add(24*time.Hour)) {
		starts, s.startless = now.Truncate(time.Microsecond), true
	}
	s.alert.Starts, s.at = starts, starts
	if s.at.After(now) {
		s.at = now
	}
	if !a.Ends.IsZero() {
		s.alert.Ends = ends
		if ends.Before(starts) && !s.startless {
			s.alert.Ends = starts
		}
	}
}

// firing reports whether the alert fires.
func (s *signal) firing() bool { return s.alert.Ends.IsZero() }

// fingerprint identifies what an alert is about: where it came by, its name,
// what its sender said of the place, and its labels, whatever their order.
func fingerprint(a *store.Alert, said [3]string) string {
	h := sha256.New()
	var buf []byte
	put := func(s string) {
		buf = binary.AppendUvarint(buf[:0], uint64(len(s)))
		buf = append(buf, s...)
		h.Write(buf)
	}
	put(a.Source)
	put(a.Name)
	for _, s := range said {
		put(s)
	}
	for _, k := range slices.Sorted(maps.Keys(a.Labels)) {
		put(k)
		put(a.Labels[k])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// clean makes text from outside fit to be stored and shown: valid UTF-8 without
// control characters, of at most n bytes.
func clean(s string, n int) string {
	if plain(s) {
		return clip(s, n)
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return clip(strings.TrimSpace(s), n)
}

// plain reports whether nothing need be cleaned.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// clip cuts text to n bytes, not within a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// cleanMap cleans labels or annotations and keeps the first 64 by name. It
// never returns nil.
func cleanMap(m map[string]string, n int) map[string]string {
	out := make(map[string]string, min(len(m), maxLabels))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if len(out) == maxLabels {
			break
		}
		if name := clean(k, maxName); name != "" {
			out[name] = clean(m[k], n)
		}
	}
	return out
}

// cleanURL keeps addresses that a browser may follow.
func cleanURL(s string) string {
	if s == "" || len(s) > maxURL {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.String()
}
