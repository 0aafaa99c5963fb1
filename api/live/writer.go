package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// writeTime is how long one write to a page may take.
const writeTime = 15 * time.Second

// Frame lays out an event: name, an ID to resume from ("" for none) and its
// data, which is JSON of one line.
func Frame(event, id string, data []byte) []byte {
	b := make([]byte, 0, len(event)+len(id)+len(data)+32)
	if id != "" {
		b = append(append(append(b, "id: "...), id...), '\n')
	}
	b = append(append(append(b, "event: "...), event...), '\n')
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		b = append(append(append(b, "data: "...), line...), '\n')
	}
	return append(b, '\n')
}

// FrameOf lays out an event with a value as JSON.
func FrameOf(event, id string, v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode event %s: %w", event, err)
	}
	return Frame(event, id, bytes.TrimRight(b.Bytes(), "\n")), nil
}

// Ping is a comment that keeps a connection alive.
var Ping = []byte(": ping\n\n")

// Writer writes frames to one page. It is not safe for concurrent use.
type Writer struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// NewWriter starts an answer of events. How long the page should wait before it
// reconnects is retry.
func NewWriter(w http.ResponseWriter, retry time.Duration) (*Writer, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not hold events back
	out := &Writer{w: w, rc: http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	return out, out.Write([]byte("retry: " + strconv.FormatInt(retry.Milliseconds(), 10) + "\n\n"))
}

// Write sends frames at once.
func (w *Writer) Write(frames ...[]byte) error {
	if err := w.rc.SetWriteDeadline(time.Now().Add(writeTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	for _, f := range frames {
		if _, err := w.w.Write(f); err != nil {
			return err
		}
	}
	return w.rc.Flush()
}

// ParseID reads an event ID "<attempt>-<n>". Anything else gives false: the
// page starts from the beginning.
func ParseID(id string) (attempt, n int, ok bool) {
	a, b, found := strings.Cut(id, "-")
	if !found || !digits(a) || !digits(b) {
		return 0, 0, false
	}
	attempt, err := strconv.Atoi(a)
	if err != nil {
		return 0, 0, false
	}
	n, err = strconv.Atoi(b)
	if err != nil {
		return 0, 0, false
	}
	return attempt, n, true
}

// FormatID is the ID of event n of an attempt.
func FormatID(attempt, n int) string { return strconv.Itoa(attempt) + "-" + strconv.Itoa(n) }

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 9
}
