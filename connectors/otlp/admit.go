package otlp

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Bodies are read before a request takes a place: whoever sends slowly keeps
// nobody else out. What bounds them is their memory, and a time.

// reading is how long a body may take to come. It is what exporters wait for an
// export by default (OpenTelemetry Protocol Exporter, OTEL_EXPORTER_OTLP_TIMEOUT).
const reading = 10 * time.Second

// small is the size of a body, in bytes, that may use the room kept for such.
const small = 64 << 10

// Why bodies are refused.
var (
	errSlow    = errors.New("the body came too slowly")
	errCutOff  = errors.New("the body breaks off")
	errCrowded = errors.New("too much is sent at once")
)

// bodies counts the bytes of bodies that are under way. Large ones may not have
// all of the room: beside large ones that come slowly, small ones still fit.
type bodies struct {
	held       atomic.Int64
	large, all int64 // bounds of held, for bodies above small and for all
}

func newBodies(c *Config) *bodies {
	large := int64(c.AtOnce) * (c.MaxBody + frame + 1) // one byte more shows that a body is too large
	return &bodies{large: large, all: large + max(large/4, 1<<20)}
}

// grow makes room for n bytes more of a body that has so many; false: there is
// none.
func (b *bodies) grow(n, has int64) bool {
	most := b.all
	if has+n > small {
		most = b.large
	}
	if b.held.Add(n) > most {
		b.held.Add(-n)
		return false
	}
	return true
}

// read reads a body of up to most bytes. Free it, whatever the error. The errors
// are errTooLarge, errCrowded, errSlow and errCutOff.
func (r *Receiver) read(w http.ResponseWriter, req *http.Request, most int64) (body []byte, free func(), err error) {
	free = func() { r.bodies.held.Add(-int64(cap(body))) }
	if req.ContentLength > most {
		return nil, free, errTooLarge
	}
	deadline := http.NewResponseController(w)
	if err := deadline.SetReadDeadline(time.Now().Add(r.reading)); err != nil {
		return nil, free, errCutOff
	}
	from := io.LimitReader(req.Body, most+1)
	for {
		if len(body) == cap(body) {
			// What is said of the length is not believed before it is there.
			more := min(max(int64(cap(body)), 4<<10), most+1-int64(cap(body)))
			if more > 0 && !r.bodies.grow(more, int64(cap(body))) {
				return body, free, errCrowded
			}
			body = append(make([]byte, 0, int64(cap(body))+max(more, 0)), body...)
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > most:
			return body, free, errTooLarge
		case errors.Is(err, io.EOF):
			_ = deadline.SetReadDeadline(time.Time{}) // the connection may be gone
			return body, free, nil
		case err != nil && slow(err):
			return body, free, errSlow
		case err != nil:
			return body, free, errCutOff
		}
	}
}

func slow(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// mayCome reports whether a sender should come again with what was refused.
func mayCome(err error) bool {
	return errors.Is(err, errBusy) || errors.Is(err, errCrowded) || errors.Is(err, errSlow)
}
