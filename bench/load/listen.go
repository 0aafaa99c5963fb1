package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// sampled is which share of the streams looks at what it gets: one of so many.
const sampled = 25

// mark begins the title that a change gives to an incident; the time of the
// change follows, in Unix nanoseconds.
const mark = "changed at "

// listen holds one stream of events on a connection of its own, with a small
// buffer: the memory of this program is taken from the same machine.
func (c *crowd) listen(ctx context.Context, cookie string, look bool) error {
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", c.host)
	if err != nil {
		c.broken.Add(1)
		return nil //nolint:nilerr // counted: the others go on
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	if _, err := fmt.Fprintf(conn, "GET /api/v1/events HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nCookie: triagent_session=%s\r\n\r\n", c.host, cookie); err != nil {
		c.broken.Add(1)
		return nil //nolint:nilerr // counted
	}
	c.read(ctx, conn, look)
	return nil
}

func (c *crowd) read(ctx context.Context, conn net.Conn, look bool) {
	r := bufio.NewReaderSize(conn, 512)
	first, begun := true, true // begun: at the beginning of a line
	for {
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		if first {
			if !strings.Contains(string(line), " 200 ") {
				break
			}
			first = false
			c.open.Add(1)
			c.opened.Add(1)
			defer c.open.Add(-1)
		}
		if begun && bytes.HasPrefix(line, []byte("event: incident")) {
			c.events.Add(1)
		}
		if begun && look {
			c.look(line)
		}
		begun = err == nil
	}
	if ctx.Err() == nil {
		c.broken.Add(1)
	}
}

// look reads from an event when its change was made.
func (c *crowd) look(line []byte) {
	_, after, ok := bytes.Cut(line, []byte(`"title":"`+mark))
	if !ok {
		return
	}
	digits, _, ok := bytes.Cut(after, []byte(`"`))
	if n, err := strconv.ParseInt(string(digits), 10, 64); ok && err == nil {
		c.seenAfter.Add(time.Since(time.Unix(0, n)))
	}
}

// change gives incidents new titles, one after another, while questions are
// asked.
func (c *crowd) change(ctx context.Context, asking, end time.Time) error {
	if c.changes <= 0 {
		return nil
	}
	for n := 0; ; n++ {
		at := asking.Add(time.Duration(float64(n) / c.changes * float64(time.Second)))
		if at.After(end) || !sleepUntil(ctx, at) {
			return nil
		}
		body := fmt.Sprintf(`{"title":%q}`, mark+strconv.FormatInt(time.Now().UnixNano(), 10))
		err := c.editor.Ask(ctx, http.MethodPatch, "/incidents/"+c.ids[n%len(c.ids)], []byte(body), "If-Match", "*").Into(nil)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("change an incident: %w", err)
		}
		c.changed.Add(1)
	}
}
