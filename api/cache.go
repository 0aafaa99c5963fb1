package api

import (
	"bytes"
	"context"
	"hash/fnv"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/singleflight"
)

// Bounds of the cache of answers.
const (
	cacheEntries = 4096
	cacheBytes   = 64 << 20
	cacheAnswer  = 4 << 20 // a larger answer is not kept
)

// cache keeps answers: those of lists and the like while no incident changes,
// those about one incident while its version stays. It belongs to operations that
// answer everybody the same: those who may ask at all, which is checked before it
// is reached. Many who ask for the same at the same time wait for one answer. It
// is safe for concurrent use.
type cache struct {
	revision atomic.Int64 // of the answers of lists: counts what made them out of date
	known    atomic.Int64 // the store's revision up to which they were
	flights  singleflight.Group

	mu      sync.Mutex
	entries map[string]*kept
	bytes   int
}

// kept is an answer as it was given.
type kept struct {
	revision int64
	status   int
	header   http.Header
	body     []byte
	zipped   []byte // body compressed; nil: not worth it
}

func newCache() *cache { return &cache{entries: map[string]*kept{}} }

// changed says that the lists that are kept are out of date.
func (c *cache) changed() { c.revision.Add(1) }

// changedUpTo is changed, by what the store counts as the revision.
func (c *cache) changedUpTo(revision int64) {
	c.known.Store(revision)
	c.changed()
}

// changes drops what is kept once an operation that writes has answered: who
// wrote reads what was written.
func (c *cache) changes(ctx huma.Context, next func(huma.Context)) {
	defer c.changed()
	next(ctx)
}

// answer gives the kept answer, or makes and keeps one.
func (c *cache) answer(ctx huma.Context, next func(huma.Context)) {
	c.give(ctx, next, c.revision.Load())
}

// answerOf is answer for operations about the incident that the path names.
// Asking for its version is cheap beside what most answers cost, and right
// whoever changed it.
func (c *cache) answerOf(version func(ctx context.Context, id string) (int64, error)) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		now, err := version(ctx.Context(), ctx.Param("id"))
		if err != nil {
			next(ctx) // which says what is wrong
			return
		}
		c.give(ctx, next, now)
	}
}

// give gives an answer as it is now.
func (c *cache) give(ctx huma.Context, next func(huma.Context), now int64) {
	u := ctx.URL()
	key := u.Path + "?" + u.RawQuery + "\n" + string(langOf(ctx.Query("lang"), ctx.Header("Accept-Language")))
	k := c.get(key, now)
	mine := false
	if k == nil {
		v, _, _ := c.flights.Do(key+strconv.FormatInt(now, 10), func() (any, error) { //nolint:errcheck // f returns none
			mine = true
			return c.make(ctx, key, now, next), nil
		})
		k, _ = v.(*kept)
	}
	if k == nil || k.status != http.StatusOK && !mine {
		next(ctx) // a problem is told to each under the ID of its own request
		return
	}
	k.write(ctx)
}

// make lets the operation answer into memory. Who waits for it must not depend
// on the caller who happened to be first.
func (c *cache) make(ctx huma.Context, key string, revision int64, next func(huma.Context)) *kept {
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx.Context()), answerTime)
	defer cancel()
	rec := &recorder{humaContext: huma.WithContext(ctx, bound), header: http.Header{}}
	next(rec)
	k := &kept{revision: revision, status: rec.status, header: rec.header, body: rec.body.Bytes()}
	if k.status == http.StatusOK {
		if k.header.Get("ETag") == "" {
			h := fnv.New64a()
			_, _ = h.Write(k.body)
			k.header.Set("ETag", `"`+strconv.FormatUint(h.Sum64(), 36)+`"`)
		}
		k.header.Set("Cache-Control", "private, no-cache")
		k.header.Set("Vary", "Accept-Language, Accept-Encoding, Cookie, Authorization")
		k.zip()
		c.put(key, k)
	}
	return k
}

// zip compresses the body once for all who ask.
func (k *kept) zip() {
	if len(k.body) < minZip {
		return
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, zipLevel)
	if err != nil {
		return
	}
	if _, err = z.Write(k.body); err == nil && z.Close() == nil {
		k.zipped = b.Bytes()
	}
}

func (c *cache) get(key string, revision int64) *kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.entries[key]; k != nil && k.revision == revision {
		return k
	}
	return nil
}

func (c *cache) put(key string, k *kept) {
	if len(k.body) > cacheAnswer {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.entries[key]; old != nil {
		c.bytes -= old.size()
		delete(c.entries, key)
	}
	for name, e := range c.entries { // whatever is out of date goes first, then anything
		if len(c.entries) < cacheEntries && c.bytes+k.size() <= cacheBytes {
			break
		}
		c.bytes -= e.size()
		delete(c.entries, name)
	}
	c.entries[key] = k
	c.bytes += k.size()
}

func (k *kept) size() int { return len(k.body) + len(k.zipped) }

func (k *kept) write(ctx huma.Context) {
	for name, values := range k.header {
		for _, v := range values {
			ctx.SetHeader(name, v)
		}
	}
	if tag := k.header.Get("ETag"); tag != "" && ctx.Header("If-None-Match") == tag {
		ctx.SetStatus(http.StatusNotModified)
		return
	}
	body := k.body
	if k.zipped != nil && strings.Contains(ctx.Header("Accept-Encoding"), "gzip") {
		ctx.SetHeader("Content-Encoding", "gzip")
		body = k.zipped
	}
	ctx.SetStatus(k.status)
	_, _ = ctx.BodyWriter().Write(body) // the caller is gone: nobody to tell
}

// humaContext keeps the embedded interface from hiding its method Context.
type humaContext huma.Context

// recorder takes an answer into memory.
type recorder struct {
	humaContext

	status int
	header http.Header
	body   bytes.Buffer
}

// Unwrap gives the context of the adapter.
func (r *recorder) Unwrap() huma.Context { return r.humaContext }

// SetStatus notes the status.
func (r *recorder) SetStatus(code int) { r.status = code }

// Status is the status noted.
func (r *recorder) Status() int { return r.status }

// SetHeader notes a header.
func (r *recorder) SetHeader(name, value string) { r.header.Set(name, value) }

// AppendHeader notes one more value of a header.
func (r *recorder) AppendHeader(name, value string) { r.header.Add(name, value) }

// BodyWriter takes the body.
func (r *recorder) BodyWriter() io.Writer { return &r.body }

// follow keeps the revision in step with what other processes write, until ctx
// ends: what this one writes is told at once.
func (c *cache) follow(ctx context.Context, read func(context.Context) (int64, error), changed func()) error {
	t := time.NewTicker(250 * time.Millisecond)
	defer t.Stop()
	var last int64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		n, err := read(ctx)
		if err != nil || n == last {
			continue // the next look may succeed; answers are asked of the store meanwhile
		}
		last = n
		if n != c.known.Load() { // somebody else wrote
			c.changedUpTo(n)
		}
		changed()
	}
}
