package casebook

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/learn"
)

// Config sets how a book learns. The zero Config is the one that is used.
type Config struct {
	Trees int    // 0: 300
	Seed  uint64 // of the forests
	Jobs  int    // trees grown at once; 0: 1

	tuning *tuning // nil: the usual one
}

// tuning is what the book is made of and how far it is believed.
type tuning struct {
	few, many float64 // different cases up to which only the nearest are asked, and from which on only the forest is
	halfway   float64 // different cases at which the book is believed as much as the hand-set weights
	same      float64 // how much alike two cases of one kind are to count as one
	guilty    float64 // share of the weight of a case that its culprits have
	plenty    float64 // different cases from which on culprits are told by all features
	try       float64 // share of the features that a split may choose from
	leaf      float64 // least weight of a leaf; a case weighs 1
	sharp     float64 // of the kernel exp(sharp * alike) that compares nodes
	unlike    float64 // how much a case has in common with any other
	like      float64 // how much one of a remembered kind has
	power     float64 // the odds of nodes against each other are raised to it
}

var usual = tuning{
	few: 5, many: 15, halfway: 5, same: 0.97, guilty: 0.2, plenty: 60, try: 0.15, leaf: 0.02,
	sharp: 12, unlike: 0.1, like: 0.3, power: 1,
}

// Book is a set of remembered cases that was learned from.
type Book struct {
	tuning
	names   []string // of the features, sorted
	column  map[string]int
	telling []int    // columns that tell culprits from others
	moves   []string // those of them that tell what moved
	kinds   []kind
	habits  *habits
	unseen  float64 // probability that the next fault is a new one, whatever it looks like
	cases   int     // as given
	count   float64 // different ones
	rows    []example
	index   *learn.Index  // of the rows
	forest  *learn.Forest // culprit or not; nil: too few cases
	typing  *learn.Forest // which kind; nil: too few cases, or one kind
}

// example is a node of a case.
type example struct {
	row    []float64
	kind   int // -1: no culprit
	of     int // index of the case
	weight float64
}

// New makes a book of cases. None makes a book that has no opinion. Errors are
// of kind Invalid, or that of ctx.
func New(ctx context.Context, cases []Case, c Config) (*Book, error) {
	if len(cases) > MaxCases {
		return nil, &errs.Error{Op: "make a case book", Kind: errs.Invalid, Err: errs.New(errs.Invalid, "%d cases, want at most %d", len(cases), MaxCases), Remedy: "keep the latest cases"}
	}
	for i := range cases {
		if err := cases[i].Validate(); err != nil {
			return nil, err
		}
	}
	cases, err := inOrder(cases)
	if err != nil {
		return nil, err
	}
	b := &Book{tuning: usual, cases: len(cases)}
	if c.tuning != nil {
		b.tuning = *c.tuning
	}
	if len(cases) == 0 {
		return b, nil
	}
	b.name(cases)
	b.unseen = unseen(cases)
	if err := b.fill(cases); err != nil {
		return nil, err
	}
	weight := b.share(len(cases))
	for _, w := range weight {
		b.count += w
	}
	b.weigh(weight)
	return b, b.grow(ctx, c)
}

// unseen is the probability that the fault of the next case is none of those of
// the cases, by how many of them came once (Good, The population frequencies of
// species, Biometrika 1953), half a case more on either side.
func unseen(cases []Case) float64 {
	seen := map[incident.Fault]int{}
	all := 0
	for _, c := range cases {
		of := map[incident.Fault]bool{}
		for _, n := range c.Nodes {
			if n.Culprit && !of[n.Fault] {
				of[n.Fault] = true
				seen[n.Fault]++
				all++
			}
		}
	}
	once := 0
	for _, n := range seen {
		if n == 1 {
			once++
		}
	}
	return (float64(once) + .5) / (float64(all) + 1)
}

// name lists the features and kinds of the cases.
func (b *Book) name(cases []Case) {
	names, kinds := map[string]int{odd: len(cases), oddest: len(cases), outOf: len(cases)}, map[kind]bool{}
	count := func(f Features) {
		for k := range f {
			names[k]++
		}
	}
	for _, c := range cases {
		count(c.Context)
		for _, n := range c.Nodes {
			count(n.Features)
			if n.Who != "" {
				names[named+n.Who]++
			}
			if n.Culprit {
				kinds[kind{n.Fault, n.Label}] = true
			}
		}
	}
	b.names = slices.Sorted(maps.Keys(names))
	if len(b.names) > maxWidth { // the commonest
		slices.SortStableFunc(b.names, func(x, y string) int { return cmp.Compare(names[y], names[x]) })
		b.names = b.names[:maxWidth]
		slices.Sort(b.names)
	}
	b.column = make(map[string]int, len(b.names))
	for i, n := range b.names {
		b.column[n] = i
		if strings.HasPrefix(n, Moved) {
			b.moves = append(b.moves, n)
		}
	}
	b.kinds = slices.SortedFunc(maps.Keys(kinds), func(x, y kind) int {
		return cmp.Or(cmp.Compare(x.fault, y.fault), cmp.Compare(x.label, y.label))
	})
}

// inOrder sorts cases by what is in them, so that equal ones make equal books.
func inOrder(cases []Case) ([]Case, error) {
	keys := make([]string, len(cases))
	at := make([]int, len(cases))
	for i := range cases {
		text, err := json.Marshal(wire(&cases[i]))
		if err != nil {
			return nil, err
		}
		keys[i], at[i] = string(text), i
	}
	slices.SortStableFunc(at, func(x, y int) int { return cmp.Compare(keys[x], keys[y]) })
	out := make([]Case, len(cases))
	for i, j := range at {
		out[i] = cases[j]
	}
	return out, nil
}
