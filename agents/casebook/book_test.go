package casebook

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"triagent/incident"
	"triagent/internal/errs"
)

// sample is a case of five nodes of three services: the culprit shows its sign,
// and each node the noise that it always shows.
func sample(id, culprit int, sign string, fault incident.Fault, label string) Case {
	c := Case{ID: fmt.Sprint("case-", id), Context: Features{"case:nodes": 5}}
	for i := range 5 {
		n := Node{Who: Mask(fmt.Sprint("service-", i/2)), Features: Features{"hand:best": -1}}
		n.Features[Moved+"up noise."+fmt.Sprint(i)] = 0.5 + 0.01*float64(id%7)
		if i == culprit {
			n.Culprit, n.Fault, n.Label = true, fault, label
			n.Features[Moved+sign] = 0.6 + 0.01*float64(id%5)
			n.Features[sign+" alone"] = 0.6
		}
		c.Nodes = append(c.Nodes, n)
	}
	return c
}

func worn(id, culprit int) Case { return sample(id, culprit, "up cpu.use", "worn", "tired") }
func full(id, culprit int) Case { return sample(id, culprit, "up disk.space", "full", "stuffed") }

func stock(n int) []Case {
	var out []Case
	for i := range n {
		c := worn(i, i%5)
		if i%2 == 1 {
			c = full(i, i%5)
		}
		c.Nodes[i%5].Features[Moved+"up own."+fmt.Sprint(i)] = 0.4 // no two are the same
		out = append(out, c)
	}
	return out
}

func book(t testing.TB, cases []Case) *Book {
	t.Helper()
	b, err := New(t.Context(), cases, Config{Trees: 60})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// first returns the likeliest culprit, and its likeliest kind.
func first(o Opinion) (int, Kind) {
	i := slices.Index(o.Culprit, slices.Max(o.Culprit))
	return i, o.Kinds[slices.Index(o.Kind[i], slices.Max(o.Kind[i]))]
}

// Both the nearest cases and the trees find the culprit and the fault, by the
// user's own word, and more cases are believed more.
func TestFindsCulprit(t *testing.T) {
	last := 0.0
	for _, n := range []int{4, 40} {
		b := book(t, stock(n))
		if trees := b.forest != nil; trees != (n == 40) {
			t.Errorf("%d cases: trees %v", n, trees)
		}
		c := worn(101, 1)
		o := b.Weigh(c.Context, c.Nodes)
		node, kind := first(o)
		if node != 1 || kind != (Kind{"worn", "tired"}) {
			t.Errorf("%d cases: node %d with %v, want 1, worn", n, node, kind)
		}
		var sum float64
		for _, p := range o.Culprit {
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 || o.Weight <= last || o.Weight >= 1 {
			t.Errorf("%d cases: probabilities come to %v, weight %v after %v", n, sum, o.Weight, last)
		}
		last = o.Weight
	}
}

// loud is a case of a kind of its own whose culprit shows a great deal.
func loud(id int) Case {
	c := worn(id, 4)
	n := &c.Nodes[4]
	n.Fault, n.Label = "loud", "bang"
	delete(n.Features, Moved+"up cpu.use")
	for i := range 30 {
		n.Features[fmt.Sprint(Moved, "up loud.", i)] = 1.5
	}
	return c
}

// One loud case, or copies of it, are no more than one case: they have no say in
// a case that is unlike, and change nothing beside others.
func TestOneLoudCase(t *testing.T) {
	many := slices.Repeat([]Case{loud(1)}, 200)
	here := Mask("service-0")
	unlike := []Node{{Who: here, Features: Features{Moved + "up disk.read": 1}}, {Who: here, Features: Features{Moved + "down net.out": 1}}}
	if w := book(t, many).Weigh(nil, unlike).Weight; w != 0 {
		t.Errorf("a case without anything in common is weighed with %v", w)
	}
	if c := loud(2); book(t, many).Weigh(c.Context, c.Nodes).Weight > 1/(1+usual.halfway)+1e-9 {
		t.Error("copies weigh more than one case")
	}
	with, without := book(t, append(stock(40), many...)), book(t, stock(40))
	for i := range 20 {
		c := worn(200+i, i%5)
		if i%2 == 1 {
			c = full(200+i, i%5)
		}
		a, ka := first(with.Weigh(c.Context, c.Nodes))
		b, kb := first(without.Weigh(c.Context, c.Nodes))
		if a != b || ka != kb || a != i%5 {
			t.Errorf("case %d: node %d (%v) with the loud ones, %d (%v) without, want %d", i, a, ka, b, kb, i%5)
		}
	}
}

// Cases of one system say nothing of another.
func TestOtherSystem(t *testing.T) {
	c := worn(101, 1)
	for i := range c.Nodes {
		c.Nodes[i].Who = Mask(fmt.Sprint("elsewhere-", i))
	}
	if w := book(t, stock(40)).Weigh(c.Context, c.Nodes).Weight; w != 0 {
		t.Errorf("weight %v in another system, want none", w)
	}
}

// TestUnseen leaves room for faults that the book has not seen: much where each
// case had another, little where they came again, and none where the node looks
// like one that it knows.
func TestUnseen(t *testing.T) {
	var each []Case
	for i := range 6 {
		each = append(each, sample(i, i%5, fmt.Sprint("up sign.", i), incident.Fault(fmt.Sprint("fault-", i)), ""))
	}
	unlike := sample(50, 2, "up other", "new", "").Nodes
	again := sample(1, 1, "up sign.1", "", "")
	if o := book(t, each).Weigh(again.Context, unlike); o.Unseen[2] < .7 {
		t.Errorf("six faults of six cases: %.2f is left for others", o.Unseen[2])
	}
	if o := book(t, stock(20)).Weigh(again.Context, unlike); o.Unseen[2] > .05 {
		t.Errorf("two faults of twenty cases: %.2f is left for others", o.Unseen[2])
	}
	o := book(t, each).Weigh(again.Context, again.Nodes)
	if o.Unseen[1] > .01 {
		t.Errorf("a node that it knows: %.2f is left for others", o.Unseen[1])
	}
	for i := range o.Kind {
		sum := o.Unseen[i]
		for _, p := range o.Kind[i] {
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("node %d: %.4f together", i, sum)
		}
	}
}

// A service or two of the same name elsewhere do not make it the same system.
func TestSharedName(t *testing.T) {
	c := worn(101, 1)
	for i := range c.Nodes[:4] {
		c.Nodes[i].Who = Mask(fmt.Sprint("elsewhere-", i))
	}
	if w := book(t, stock(40)).Weigh(c.Context, c.Nodes).Weight; w != 0 {
		t.Errorf("one service of five known: weight %v, want none", w)
	}
	c.Nodes[3].Who, c.Nodes[2].Who = Mask("service-1"), Mask("service-1")
	if w := book(t, stock(40)).Weigh(c.Context, c.Nodes).Weight; w <= 0.5 {
		t.Errorf("three of five known: weight %v, want that of its own system", w)
	}
}

// A book knows its services from each other, by their hashes.
func TestWho(t *testing.T) {
	b := book(t, stock(40))
	row := b.row(nil, b.judge(worn(101, 1).Nodes)[4])
	for i, want := range []float64{0, 0, 1} {
		at, ok := b.column[named+Mask(fmt.Sprint("service-", i))]
		if !ok || row[at] != want {
			t.Errorf("service %d: column %v, %v at a node of service 2, want %v", i, ok, row[at], want)
		}
		if ok && !slices.Contains(b.telling, at) {
			t.Errorf("service %d is not asked for culprits", i)
		}
	}
}

// What a node shows whoever is to blame says nothing of it.
func TestHabits(t *testing.T) {
	h := newHabits(stock(30))
	always, never := Moved+"up noise.0", Moved+"up cpu.use"
	who := []string{Mask("service-0")}
	usually := h.judge([]string{always, never}, who, []Features{{always: 1}})[0][odd]
	rarely := h.judge([]string{always, never}, who, []Features{{never: 1}})[0][odd]
	if usually >= rarely {
		t.Errorf("its habit is odd by %v, what it never does by %v", usually, rarely)
	}
}

// The order of cases does not matter.
func TestEqualBooks(t *testing.T) {
	turned := stock(40)
	slices.Reverse(turned)
	c := worn(101, 1)
	if x, y := book(t, stock(40)).Weigh(c.Context, c.Nodes), book(t, turned).Weigh(c.Context, c.Nodes); !reflect.DeepEqual(x, y) {
		t.Errorf("%v\n%v", x, y)
	}
	var none *Book
	if none.Weigh(c.Context, c.Nodes).Weight != 0 || book(t, nil).Weigh(c.Context, c.Nodes).Weight != 0 {
		t.Error("no cases, and yet an opinion")
	}
}

func TestFile(t *testing.T) {
	var out bytes.Buffer
	if err := Write(&out, stock(5)); err != nil {
		t.Fatal(err)
	}
	back, err := Read(bytes.NewReader(out.Bytes()), "cases.jsonl")
	if err != nil || !reflect.DeepEqual(stock(5), back) || strings.Contains(out.String(), "service-") {
		t.Errorf("%v; read %v", err, back)
	}
	for name, text := range map[string]string{
		"empty":         "",
		"later version": "{\"casebook\":2}\n",
		"unknown key":   "{\"casebook\":1}\n{\"id\":\"a\",\"colour\":1}\n",
		"two in a line": "{\"casebook\":1}\n{\"id\":\"a\",\"nodes\":[]} {}\n",
		"no culprit":    "{\"casebook\":1}\n{\"id\":\"a\",\"nodes\":[{\"features\":{}}]}\n",
	} {
		if _, err := Read(strings.NewReader(text), "cases.jsonl"); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v, want kind invalid", name, err)
		}
	}
}

// What is read can be written and learned from.
func FuzzRead(f *testing.F) {
	var out bytes.Buffer
	if err := Write(&out, stock(2)); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := Read(bytes.NewReader(data), "x")
		if err != nil || len(cases) == 0 {
			return
		}
		if err := Write(&bytes.Buffer{}, cases); err != nil {
			t.Error(err)
		}
		if b, err := New(t.Context(), cases, Config{Trees: 2}); err == nil {
			b.Weigh(cases[0].Context, cases[0].Nodes)
		}
	})
}
