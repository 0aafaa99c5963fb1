package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"triagent/connectors/fetch"
)

// mostAnswer is how much is read of an answer, in bytes.
const mostAnswer = 64 << 20

// shards says how many parts of indices took part.
type shards struct {
	Total      int  `json:"total"`
	Successful *int `json:"successful"` // skipped ones too; nil: not said
	Failed     int  `json:"failed"`     // without those that are nowhere
	Failures   []struct {
		Index  string `json:"index"`
		Reason struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"reason"`
	} `json:"failures"`
}

// lacks says which failed, and of one why; empty: none.
func (s *shards) lacks() string {
	n := s.Failed
	if s.Successful != nil {
		n = max(n, s.Total-*s.Successful)
	}
	if n == 0 {
		return ""
	}
	why := fmt.Sprintf("%d of %d shards failed or are down", n, s.Total)
	if f := s.Failures; len(f) > 0 {
		why += fmt.Sprintf(", of %.80s: %.60s", f[0].Index, f[0].Reason.Type)
		if said := oneLine(f[0].Reason.Reason, 200); said != "" {
			why += ": " + said
		}
	}
	return why
}

// answer is what a search gives.
type answer struct {
	PIT      string `json:"pit_id"`
	TimedOut bool   `json:"timed_out"`
	Shards   shards `json:"_shards"`
	Clusters struct {
		Total   int `json:"total"`
		Skipped int `json:"skipped"`
		Partial int `json:"partial"`
		Failed  int `json:"failed"`
	} `json:"_clusters"`
	Hits *struct {
		Hits []hit `json:"hits"`
	} `json:"hits"`
	Found *findings `json:"aggregations"`
}

// hit is one document.
type hit struct {
	Index  string            `json:"_index"`
	ID     string            `json:"_id"`
	Source map[string]any    `json:"_source"`
	Sort   []json.RawMessage `json:"sort"`
	at     int64             // its time, in the unit of the sort
	tie    int64
}

// search asks a search, of a point in time if there is one.
func (s *Source) search(ctx context.Context, pit string, body object) (*answer, error) {
	r := fetch.Request{Method: http.MethodPost, Path: "/" + s.c.Index + "/_search", Accept: "application/json", Max: mostAnswer}
	r.Query = url.Values{"ignore_unavailable": {"true"}, "allow_no_indices": {"true"}}
	body["timeout"] = decimal(s.c.Timeout.Milliseconds()) + "ms" // what is not waited for is not worked at
	if pit != "" {
		r.Path, r.Query = "/_search", nil
		body["pit"] = object{"id": pit, "keep_alive": keepAlive}
	}
	var err error
	if r.Body, err = json.Marshal(body); err != nil {
		return nil, err
	}
	var out answer
	err = s.http.Read(ctx, r, func(from io.Reader) error {
		out = answer{}
		d := json.NewDecoder(from)
		d.UseNumber()
		return d.Decode(&out)
	})
	if err != nil {
		return nil, hint(err)
	}
	if out.Hits == nil {
		return nil, notElastic("it answers a search without hits")
	}
	return &out, nil
}

// sorted reads the sort values of the documents.
func (a *answer) sorted() ([]hit, error) {
	for i := range a.Hits.Hits {
		h := &a.Hits.Hits[i]
		if len(h.Sort) < 2 {
			return nil, notElastic("it answers a sorted search with documents that have no sort values")
		}
		for j, p := range []*int64{&h.at, &h.tie} {
			if err := json.Unmarshal(h.Sort[j], p); err != nil {
				return nil, notElastic("it sorts by %.40q where a whole number is wanted", h.Sort[j])
			}
		}
		h.Sort = nil
	}
	return a.Hits.Hits, nil
}

// lacks says what is missing in an answer that is less than the whole; empty:
// nothing is.
func (a *answer) lacks() string {
	var parts []string
	if why := a.Shards.lacks(); why != "" {
		parts = append(parts, why)
	}
	if a.TimedOut {
		parts = append(parts, "the server ran out of time and gave what it had (raise timeout, or ask for a shorter span)")
	}
	if c := a.Clusters; c.Skipped+c.Partial+c.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d clusters behind it gave nothing or not all", c.Skipped+c.Partial+c.Failed, c.Total))
	}
	return strings.Join(parts, "; ")
}

// oneLine makes foreign text fit for a line.
func oneLine(text string, most int) string {
	b := bytes.Join(bytes.Fields([]byte(strings.ToValidUTF8(text, "?"))), []byte(" "))
	if len(b) > most {
		return strings.ToValidUTF8(string(b[:most]), "") + "..."
	}
	return string(b)
}
