// Package raw reads what was recorded of an incident for people who look behind
// a diagnosis: series, log lines, spans. It reads bundles through package
// telemetry, in bounded memory, and says how much one question looked at.
//
// Opened bundles are kept, the last used ones, up to a number and a size; many
// who ask for the same one wait for one opening.
package raw

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"triagent/internal/errs"
	"triagent/telemetry"
)

// Bounds of what is kept.
const (
	maxOpen  = 16
	maxBytes = 256 << 20 // metric samples of the opened bundles
	atOnce   = 2         // openings and scans at the same time
)

// Bundles opens bundles and keeps some of them. It is safe for concurrent use.
type Bundles struct {
	limits  telemetry.Limits
	flights singleflight.Group
	slots   *semaphore.Weighted

	mu    sync.Mutex
	open  []*opened // the last used one last
	bytes int64
}

type opened struct {
	path string
	b    *telemetry.Bundle
	size int64
}

// NewBundles returns an empty set.
func NewBundles(limits telemetry.Limits) *Bundles {
	return &Bundles{limits: limits, slots: semaphore.NewWeighted(atOnce)}
}

// Open returns the bundle at a path, opened now or before. Name is how errors
// call it.
func (c *Bundles) Open(ctx context.Context, path, name string) (*telemetry.Bundle, error) {
	if b := c.use(path); b != nil {
		return b, nil
	}
	v, err, _ := c.flights.Do(path, func() (any, error) {
		// Others wait for it: it must not end with the first one who asked.
		b, err := c.Read(context.WithoutCancel(ctx), path, name)
		if err != nil {
			return nil, err
		}
		c.keep(&opened{path: path, b: b, size: sizeOf(b)})
		return b, nil
	})
	if err != nil {
		return nil, err
	}
	b, _ := v.(*telemetry.Bundle)
	return b, nil
}

// Read opens a bundle without keeping it.
func (c *Bundles) Read(ctx context.Context, path, name string) (*telemetry.Bundle, error) {
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.slots.Release(1)
	b, err := telemetry.Open(ctx, path, c.limits)
	if err != nil {
		return nil, Renamed(err, path, name)
	}
	return b, nil
}

// Renamed calls the file that an error is about by the name that its owner knows:
// where the service keeps it is nobody's business.
func Renamed(err error, path, name string) error {
	var e *errs.Error
	if !errors.As(err, &e) {
		return err
	}
	text := strings.ReplaceAll(strings.ReplaceAll(e.Err.Error(), path, name), filepath.Dir(path), "")
	file := strings.ReplaceAll(e.File, path, name)
	return &errs.Error{Op: e.Op, Kind: e.Kind, File: file, Line: e.Line, Column: e.Column, Remedy: e.Remedy, Err: hidden{text, e.Err}}
}

// hidden words an error anew.
type hidden struct {
	text string
	err  error
}

func (h hidden) Error() string { return h.text }
func (h hidden) Unwrap() error { return h.err }

func (c *Bundles) use(path string) *telemetry.Bundle {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.open, func(o *opened) bool { return o.path == path })
	if i < 0 {
		return nil
	}
	o := c.open[i]
	c.open = append(slices.Delete(c.open, i, i+1), o)
	return o.b
}

func (c *Bundles) keep(o *opened) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.size > maxBytes {
		return
	}
	for len(c.open) > 0 && (len(c.open) >= maxOpen || c.bytes+o.size > maxBytes) {
		c.bytes -= c.open[0].size
		c.open = slices.Delete(c.open, 0, 1)
	}
	c.open = append(c.open, o)
	c.bytes += o.size
}

// Close forgets what is kept.
func (c *Bundles) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open, c.bytes = nil, 0
}

// sizeOf is about how many bytes of memory a bundle takes.
func sizeOf(b *telemetry.Bundle) int64 {
	n := int64(1 << 20)
	for i := range b.Tables {
		t := &b.Tables[i]
		n += int64(len(t.Times)) * int64(12+8*len(t.Columns))
	}
	return n
}
