package prometheus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// samples are pairs of a time and a value. They are read by hand: there are many.
type samples struct {
	times  []int64
	values []float64
}

// UnmarshalJSON reads [[1795226917.448,"1.5"],...].
func (s *samples) UnmarshalJSON(text []byte) error {
	// A pair has some 25 bytes.
	s.times, s.values = make([]int64, 0, len(text)/24), make([]float64, 0, len(text)/24)
	rest := bytes.TrimPrefix(bytes.TrimSpace(text), []byte("["))
	for {
		when, value, after, ok := cutPair(rest)
		if !ok {
			break
		}
		rest = after
		t, err := instant(when)
		if err != nil {
			return err
		}
		v, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return fmt.Errorf("the value %.40q is no number", value)
		}
		if math.IsInf(v, 0) { // nothing can be counted with it
			v = math.NaN()
		}
		if n := len(s.times); n > 0 && t <= s.times[n-1] {
			return errors.New("its samples are not in the order of time")
		}
		s.times, s.values = append(s.times, t), append(s.values, v)
	}
	if bytes.ContainsAny(rest, `[{"`) {
		return errors.New("a sample is no pair of a time and a text")
	}
	return nil
}

// cutPair takes the next [time,"value"] off the rest of an array that is known
// to be good JSON; false: there is none.
func cutPair(text []byte) (when, value, rest []byte, ok bool) {
	_, rest, _ = bytes.Cut(text, []byte("["))
	when, rest, _ = bytes.Cut(rest, []byte(","))
	between, rest, _ := bytes.Cut(rest, []byte(`"`))
	if len(bytes.TrimSpace(between)) > 0 {
		return nil, nil, text, false
	}
	value, rest, ok = bytes.Cut(rest, []byte(`"`))
	if !ok {
		return nil, nil, text, false
	}
	return bytes.TrimSpace(when), value, rest, true
}

// instant reads Unix seconds with up to nine decimals, exactly.
func instant(text []byte) (int64, error) {
	var whole, part int64
	scale := int64(1e9)
	dot := false
	for _, c := range text {
		switch {
		case c == '.' && !dot:
			dot = true
		case c < '0' || c > '9' || whole > 1<<33:
			f, err := strconv.ParseFloat(string(text), 64)
			if err != nil || math.Abs(f) > 1<<33 {
				return 0, fmt.Errorf("the time %.40q is no Unix time", text)
			}
			return int64(math.Round(f*1e3)) * 1e6, nil
		case !dot:
			whole = whole*10 + int64(c-'0')
		case scale > 1:
			scale /= 10
			part += int64(c-'0') * scale
		}
	}
	return whole*1e9 + part, nil
}

// histograms are the samples of a native histogram as far as they are used.
type histograms struct {
	times       []int64
	count, sums []float64
}

// UnmarshalJSON reads [[1795226917.448,{"count":"3","sum":"1.5","buckets":[]}],...].
func (h *histograms) UnmarshalJSON(text []byte) error {
	var all [][2]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for _, pair := range all {
		var v struct {
			Count float64 `json:"count,string"`
			Sum   float64 `json:"sum,string"`
		}
		t, err := instant(pair[0])
		if err != nil {
			return err
		}
		if err := json.Unmarshal(pair[1], &v); err != nil {
			return err
		}
		h.times, h.count, h.sums = append(h.times, t), append(h.count, v.Count), append(h.sums, v.Sum)
	}
	return nil
}

// sample is the value of a pair of a time and a value.
type sample float64

// UnmarshalJSON reads [1795226917.448,"1.5"].
func (s *sample) UnmarshalJSON(text []byte) error {
	_, value, _, ok := cutPair(text)
	v, err := strconv.ParseFloat(string(value), 64)
	if !ok || err != nil {
		return fmt.Errorf("%.60q is no sample", text)
	}
	*s = sample(v)
	return nil
}
