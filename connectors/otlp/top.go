package otlp

import (
	"cmp"
	"container/heap"
	"slices"
)

// top keeps the traces with the greatest marks.
type top struct {
	most int
	heap marks
	at   map[[16]byte]int64 // mark of those that are kept
}

type mark struct {
	id [16]byte
	by int64
}

// marks is a heap, the least mark first.
type marks []mark

func (m marks) Len() int           { return len(m) }
func (m marks) Less(i, j int) bool { return m[i].by < m[j].by }
func (m marks) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *marks) Push(x any)        { *m = append(*m, x.(mark)) }
func (m *marks) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

func newTop(most int) top { return top{most: most, at: make(map[[16]byte]int64)} }

// add notes a mark of a trace; its greatest counts.
func (t *top) add(id [16]byte, by int64) {
	if len(t.heap) == t.most && by <= t.heap[0].by {
		return
	}
	if old, ok := t.at[id]; ok {
		if by <= old {
			return
		}
		i := slices.IndexFunc(t.heap, func(m mark) bool { return m.id == id })
		t.heap[i].by, t.at[id] = by, by
		heap.Fix(&t.heap, i)
		return
	}
	if len(t.heap) == t.most {
		delete(t.at, heap.Pop(&t.heap).(mark).id)
	}
	heap.Push(&t.heap, mark{id, by})
	t.at[id] = by
}

// list returns the traces, the greatest mark first.
func (t *top) list() [][16]byte {
	sorted := slices.SortedFunc(slices.Values(t.heap), func(a, b mark) int { return cmp.Compare(b.by, a.by) })
	out := make([][16]byte, len(sorted))
	for i, m := range sorted {
		out[i] = m.id
	}
	return out
}
