package telemetry

import (
	"context"
	"sync"
)

// mostKept bounds the spans that are kept for a second walk: about 100 MB. An
// object of attributes that no other span shares counts for as many spans as it
// takes the room of.
const (
	mostKept       = 400_000
	attributesRoom = 3
	keptBlock      = 1024
)

// keptSpans are the spans of a bundle between two walks. It is safe for concurrent
// use; a nil one keeps nothing.
type keptSpans struct {
	mu   sync.Mutex
	list *spanList // nil: none are kept
}

// take hands over what is kept, once: to keep it longer would cost memory for
// nobody.
func (k *keptSpans) take() *spanList {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.list
	k.list = nil
	return list
}

func (k *keptSpans) put(list *spanList) {
	if k != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.list = list
	}
}

// KeepSpans is Spans for who knows that another walk will follow: unless they are
// too many, the spans are kept in memory, and the next walk, which lets go of
// them, reads no file.
func (b *Bundle) KeepSpans(ctx context.Context, fn func(*Span) error) error {
	list := new(spanList)
	err := b.Spans(ctx, func(s *Span) error {
		list.add(s)
		return fn(s)
	})
	if err == nil && !list.full {
		b.kept.put(list)
	}
	return err
}

// spanList is spans in blocks, in the order in which they were read.
type spanList struct {
	blocks [][]Span
	room   int // taken, in spans
	full   bool
}

func (l *spanList) add(s *Span) {
	if l.full {
		return
	}
	l.room++
	if len(s.Attributes) > 0 {
		l.room += attributesRoom
	}
	if l.room > mostKept {
		l.full, l.blocks = true, nil
		return
	}
	if n := len(l.blocks); n == 0 || len(l.blocks[n-1]) == keptBlock {
		l.blocks = append(l.blocks, make([]Span, 0, keptBlock))
	}
	n := len(l.blocks) - 1
	l.blocks[n] = append(l.blocks[n], *s)
}

// each hands out the spans, and lets go of each block that is done with.
func (l *spanList) each(ctx context.Context, fn func(*Span) error) error {
	for i, block := range l.blocks {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for j := range block {
			if err := fn(&block[j]); err != nil {
				return err
			}
		}
		l.blocks[i] = nil
	}
	return nil
}
