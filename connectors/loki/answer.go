package loki

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// row is one line of an answer.
type row struct {
	at     int64 // Unix nanoseconds
	text   string
	stream *labelled
	meta   meta
}

// labelled are the labels of a stream.
type labelled struct {
	set map[string]string
	id  string // the same for equal labels
}

// meta is what is said of one line beside the labels of its stream.
type meta struct {
	Structured map[string]string `json:"structuredMetadata"`
	Parsed     map[string]string `json:"parsed"`
}

// key is equal for lines that cannot be told apart.
func (e *row) key() string {
	return e.stream.id + "\xff" + e.text + "\xff" + identity(e.meta.Structured) + "\xff" + identity(e.meta.Parsed)
}

// identity is a text that is equal for equal sets of labels.
func identity(set map[string]string) string {
	parts := make([]string, 0, len(set))
	for k, v := range set {
		parts = append(parts, k+"\xfe"+v)
	}
	slices.Sort(parts)
	return strings.Join(parts, "\xfd")
}

// UnmarshalJSON reads ["1795226917448000000","line"] with or without metadata.
func (e *row) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	if len(parts) < 2 {
		return fmt.Errorf("%.60q is no pair of a time and a line", b)
	}
	var at string
	if err := json.Unmarshal(parts[0], &at); err != nil {
		return err
	}
	var err error
	if e.at, err = strconv.ParseInt(at, 10, 64); err != nil {
		return fmt.Errorf("the time %.40q is no number of nanoseconds", at)
	}
	if err := json.Unmarshal(parts[1], &e.text); err != nil {
		return err
	}
	if len(parts) > 2 {
		return json.Unmarshal(parts[2], &e.meta)
	}
	return nil
}

// readLines reads an answer to query_range, its lines in the order of time; of
// one moment, in the order of the answer.
func readLines(r io.Reader, from, to int64) ([]row, error) {
	var answer struct {
		Status string `json:"status"`
		Data   struct {
			Type   string `json:"resultType"`
			Result []struct {
				Stream map[string]string `json:"stream"`
				Values []row             `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(r).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" || answer.Data.Type != "streams" {
		return nil, notLoki("query_range answers with status %.40q and %.40q where streams are wanted", answer.Status, answer.Data.Type)
	}
	var out []row
	for _, x := range answer.Data.Result {
		l := &labelled{x.Stream, identity(x.Stream)}
		for _, e := range x.Values {
			if e.at < from || e.at >= to {
				return nil, notLoki("query_range gives lines of a time that was not asked for")
			}
			e.stream = l
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b row) int { return cmp.Compare(a.at, b.at) })
	return out, nil
}
