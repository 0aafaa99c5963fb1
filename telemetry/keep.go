package telemetry

import (
	"context"
	"sync"
)

// mostKept bounds the spans that are kept for a second walk: 32 MB and their
// texts. Attributes that no other span shares count for as many spans as they take
// the room of, and so do texts.
const (
	mostKept       = 500_000
	attributesRoom = 3
	textRoom       = 64 // bytes of texts that count for a span
)

// keptSpans are the spans of a bundle between two walks. It is safe for concurrent
// use; a nil one keeps nothing.
type keptSpans struct {
	mu   sync.Mutex
	list *blockList // nil: none are kept
}

// take hands over what is kept, once: to keep it longer would cost memory for
// nobody.
func (k *keptSpans) take() *blockList {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.list
	k.list = nil
	return list
}

func (k *keptSpans) put(list *blockList) {
	if k != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.list = list
	}
}

// KeepBlocks is Blocks for who knows that another walk will follow: unless they
// are too many, the blocks are kept in memory, and the next walk of Blocks, which
// lets go of them, reads no file.
func (b *Bundle) KeepBlocks(ctx context.Context, fn func(*Block) error) error {
	list := &blockList{texts: map[uint64]int{}}
	err := b.Blocks(ctx, func(k *Block) error {
		list.add(k)
		return fn(k)
	})
	if err == nil && !list.full {
		b.kept.put(list)
	}
	return err
}

// blockList is blocks in the order in which they were read.
type blockList struct {
	blocks []*Block
	texts  map[uint64]int // by list, how many texts of it are counted
	room   int            // taken, in spans
	full   bool
}

func (l *blockList) add(b *Block) {
	if l.full {
		return
	}
	l.room += len(b.Marks) + (len(b.Attributes)-1)*attributesRoom
	for _, t := range b.Texts[min(l.texts[b.List], len(b.Texts)):] {
		l.room += len(t) / textRoom
	}
	l.texts[b.List] = max(l.texts[b.List], len(b.Texts))
	if l.room > mostKept {
		l.full, l.blocks = true, nil
		return
	}
	l.blocks = append(l.blocks, b)
}

// each hands out the blocks, and lets go of each that is done with.
func (l *blockList) each(ctx context.Context, fn func(*Block) error) error {
	for i, b := range l.blocks {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := fn(b); err != nil {
			return err
		}
		l.blocks[i] = nil
	}
	return nil
}
