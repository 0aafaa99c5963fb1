package evidence

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"triagent/incident"
	"triagent/telemetry"
)

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		unit string
		want string
	}{
		{97.26, "percent", "97.3 %"},
		{21, "percent", "21 %"},
		{0, "percent", "0 %"},
		{99.96, "percent", "100 %"},
		{0.02346, "percent", "0.0235 %"},
		{1234567, "percent", "1.23e6 %"},
		{4816.37, "", "4820"},
		{184220, "", "184220"},
		{184220.5, "", "184k"},
		{1842200, "count", "1.84M"},
		{3, "", "3"},
		{-2.5, "", "-2.5"},
		{1e12, "", "1T"},
		{1e16, "", "1e16"},
		{0.00001234, "", "1.23e-5"},
		{0.000123, "", "0.000123"},
		{0.199431, "1/s", "0.199/s"},
		{12800, "1/s", "12800/s"},
		{12800.7, "1/s", "12.8k/s"},
		{986533888, "bytes", "941 MiB"},
		{1023, "bytes", "1020 B"},
		{5064590, "bytes/s", "4.83 MiB/s"},
		{435.59, "MiB", "436 MiB"},
		{0.0235, "s", "23.5 ms"},
		{2633.9, "ms", "2.63 s"},
		{0.0523, "ms", "52.3 µs"},
		{999.7, "ms", "1 s"},
		{125, "us", "0.125 ms"},
		{12, "files", "12 files"},
		{math.NaN(), "ms", "–"},
		{math.Inf(1), "", "–"},
		{math.Copysign(0, -1), "", "-0"},
	} {
		if got := Format(tt.v, tt.unit); got != tt.want {
			t.Errorf("Format(%v, %q) = %q, want %q", tt.v, tt.unit, got, tt.want)
		}
	}
}

// TestFormatRoundTrip: what is printed reads back to three digits, and prints
// the same again.
func TestFormatRoundTrip(t *testing.T) {
	base := map[string]float64{"MiB": 1 << 20, "s": 1e3, "us": 1e-3, "ns": 1e-6}
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]string{"", "percent", "bytes", "bytes/s", "ms", "s", "us", "MiB", "1/s", "rows"}).Draw(t, "unit")
		v := rapid.Float64Range(-1e15, 1e15).Draw(t, "v") * math.Pow(10, -float64(rapid.IntRange(0, 20).Draw(t, "exponent")))
		printed := Format(v, unit)
		got, family, ok := ParsePrinted(printed)
		if !ok {
			t.Fatalf("%q does not parse", printed)
		}
		want := v
		if k, ok := base[unit]; ok {
			want *= k
		}
		if math.Abs(got-want) > .0051*math.Abs(want) {
			t.Fatalf("%v %s printed %q reads as %v %s", v, unit, printed, got, family)
		}
		if again := Format(got, family); !Prints(printed, got, family) {
			t.Fatalf("%q prints again as %q", printed, again)
		}
	})
}

func FuzzParsePrinted(f *testing.F) {
	for _, s := range []string{"97.3 %", "1e", "-", "1.5M rows", "–", "1e-05", "3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, _, ok := ParsePrinted(s); ok && math.IsNaN(v) {
			t.Errorf("%q reads as NaN", s)
		}
	})
}

func TestOf(t *testing.T) {
	times := []int64{10e9, 20e9, 30e9, 40e9, 50e9}
	values := []float64{1, nan, 7, 3, 103}
	w := func(from, to int64) []incident.Window {
		return []incident.Window{{From: unixTime(from * 1e9), To: unixTime(to * 1e9)}}
	}
	for _, tt := range []struct {
		stat incident.Stat
		in   []incident.Window
		arg  string
		want float64
	}{
		{Median, nil, "", 5},
		{Median, w(10, 40), "", 4},
		{Median, w(60, 90), "", nan},
		{Quantile, nil, "0.25", 2.5},
		{Quantile, nil, "x", nan},
		{Min, nil, "", 1},
		{Max, w(0, 50), "", 7},
		{Top, nil, "2", 7},
		{Bottom, nil, "2", 3},
		{Top, nil, "0", nan},
		{Top, nil, "5", nan},
		{Samples, w(10, 31), "", 2},
		{Gaps, w(10, 31), "", 1},
		{Samples, w(60, 70), "", 0},
		{Samples, append(w(10, 11), w(50, 51)...), "", 2},
		{RateQ, nil, "1", 10},
		{RateQ, w(30, 31), "0.5", .3},
		{Records, nil, "", nan},
	} {
		if got := Of(tt.stat, times, values, tt.in, tt.arg); !same(got, tt.want) {
			t.Errorf("%s %v %q = %v, want %v", tt.stat, tt.in, tt.arg, got, tt.want)
		}
	}
	numbers := []incident.Number{{Name: "a", Value: 9}, {Name: "b", Value: 3}, {Name: "zero"}, {Name: "r", Stat: Ratio, Value: 3}}
	for arg, want := range map[string]float64{"a/b": 3, "a/zero": nan, "a/c": nan, "a": nan, "r/b": nan} {
		if got := Derived(Ratio, numbers, arg); !same(got, want) {
			t.Errorf("ratio %s = %v, want %v", arg, got, want)
		}
	}
	if got := Derived(Share, numbers, "b/a"); !same(got, 100./3) {
		t.Errorf("share = %v", got)
	}
}

func TestSelector(t *testing.T) {
	span := telemetry.Span{
		Node: "client-1", Service: "client", Name: "read;a=b%", Kind: telemetry.ClientSpan, Failed: true,
		Attributes: map[string]string{"server.address": "db-3"},
	}
	for _, tt := range []struct {
		s    Selector
		want bool
	}{
		{Selector{}, true},
		{Selector{Node: "client-1", Name: "read;a=b%", Peer: "db-3", Service: "client", Kind: "client", Status: "error"}, true},
		{Selector{Node: "client-2"}, false},
		{Selector{Peer: "db-1"}, false},
		{Selector{Peer: NoPeer}, false},
		{Selector{Name: "read"}, false},
		{Selector{Service: "db"}, false},
		{Selector{Kind: "server"}, false},
		{Selector{Status: "ok"}, false},
	} {
		if got := tt.s.Match(&span); got != tt.want {
			t.Errorf("%q matches: %v, want %v", tt.s, got, tt.want)
		}
		if back, err := ParseSelector(tt.s.String()); err != nil || back != tt.s {
			t.Errorf("%q reads back as %q, %v", tt.s, back, err)
		}
	}
	for _, bad := range []string{"x", "node=", "color=red", "node=a;node=b", "status=bad", "kind=odd", ";"} {
		if s, err := ParseSelector(bad); err == nil {
			t.Errorf("%q reads as %+v", bad, s)
		}
	}
}

func FuzzSelector(f *testing.F) {
	f.Add("node=a;peer=b;name=GET /x%3B;status=error")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSelector(text)
		if err != nil {
			return
		}
		if back, err := ParseSelector(s.String()); err != nil || back != s {
			t.Errorf("%q: %+v reads back as %+v, %v", text, s, back, err)
		}
	})
}

// TestChangeNumbers: the recipes of a change compute what it says.
func TestChangeNumbers(t *testing.T) {
	c := readLabFirst(t)
	var s Scorer
	n := 0
	for _, tb := range c.tables {
		for i, name := range tb.names {
			for _, m := range []Meaning{labMeaning(name), {Counter: true}} {
				ch := s.Change(tb.times, tb.values[i], c.frame, m)
				for _, num := range ch.Numbers("f", name, c.frame.Window, m) {
					n++
					if got := Of(num.Stat, tb.times, tb.values[i], num.Windows, num.Arg); math.Abs(got-num.Value) > 1e-9*math.Abs(num.Value) {
						t.Errorf("%s %s: %s %s = %v, want %v", tb.node, name, num.Stat, num.Arg, got, num.Value)
					}
				}
			}
		}
	}
	t.Logf("%d numbers", n)
}

func same(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*math.Abs(b)
}
