package telemetry

// Mark is a span as a diagnosis needs it: IDs by their hashes, texts by their
// numbers in the Block that holds it.
type Mark struct {
	Trace, Span, Parent uint64 // HashID of the IDs; 0: none
	Start, Duration     int64  // Unix nanoseconds; nanoseconds
	Node, Service, Name int32  // in Block.Texts; 0: none
	Attributes          int32  // in Block.Attributes; 0: none
	Line                int32  // 1-based line of Block.File, decompressed
	Kind                SpanKind
	Failed              bool // status is an error
}

// Attribute is one of the things that a span says of itself.
type Attribute struct{ Key, Value string }

// Block is spans that follow each other in the traces file.
type Block struct {
	File       string // bundle member
	Marks      []Mark
	Texts      []string      // texts by number; the first is ""
	List       uint64        // blocks with the same List number texts alike, though one may know more of them
	Attributes [][]Attribute // by number, each key once; the first is nil
}

// Numbers remembers, for the texts of blocks, by which numbers a reader of them
// knows them. The zero Numbers is ready. It is not safe for concurrent use.
type Numbers struct{ lists map[uint64][]int32 }

// Unnumbered is what Of says of a text that the reader has not numbered yet.
const Unnumbered = int32(-1)

// mostLists bounds the lists that are remembered: a file has more only where it has
// very many texts, and then they are forgotten.
const mostLists = 64

// Of returns a number for each text of a block, Unnumbered at first, which the
// caller sets.
func (n *Numbers) Of(b *Block) []int32 {
	if n.lists == nil || len(n.lists) > mostLists {
		n.lists = map[uint64][]int32{}
	}
	l := n.lists[b.List]
	for len(l) < len(b.Texts) {
		l = append(l, Unnumbered)
	}
	n.lists[b.List] = l
	return l
}

// textList numbers texts.
type textList struct {
	id    uint64
	known map[string]int32
	texts []string
	size  int        // bytes of the texts
	quick [256]int32 // numbers of texts met lately, by some of their bytes
}

// Bounds of a list: of what goes beyond, another list is begun.
const (
	mostTexts     = 1 << 14
	mostTextBytes = 1 << 22
)

func newTextList(id uint64) *textList {
	return &textList{id: id, known: map[string]int32{}, texts: []string{""}}
}

func (l *textList) full() bool { return len(l.texts) > mostTexts || l.size > mostTextBytes }

// number is that of a text, which it keeps if it is new.
func (l *textList) number(b []byte) int32 {
	n := len(b)
	if n == 0 {
		return 0
	}
	q := &l.quick[uint8(n*37+int(b[n-1])*17+int(b[n/2]))]
	if l.texts[*q] == string(b) {
		return *q
	}
	id, ok := l.known[string(b)]
	if !ok {
		id = int32(len(l.texts))
		s := string(b)
		l.known[s] = id
		l.texts = append(l.texts, s)
		l.size += n
	}
	*q = id
	return id
}
