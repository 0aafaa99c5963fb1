package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestRawData looks behind a diagnosis, over every kind of raw data.
func TestRawData(t *testing.T) {
	s := start(t, 1, nil)
	id := s.upload(0)
	s.diagnosed(id)
	base := "/api/v1/incidents/" + id
	var m struct {
		Nodes []struct {
			Node    string
			Metrics []struct{ Name string }
		}
	}
	s.get(base+"/metrics", &m)
	if len(m.Nodes) < 3 {
		t.Fatalf("metrics of %d nodes", len(m.Nodes))
	}
	var d struct {
		Evidence []struct {
			Kind, Node, Name string
			Source           struct {
				File string
				Line int
			}
		}
	}
	s.get(base+"/diagnosis", &d)
	onsets := 0
	for _, e := range d.Evidence {
		if e.Kind != "metric" || !strings.HasPrefix(e.Source.File, "metrics/") {
			continue
		}
		var r struct {
			Series []struct {
				Times     []int64
				Values    []*float64
				Band      *struct{ Low, High float64 }
				Onset     *int64
				PointsIn  int `json:"points_in"`
				PointsOut int `json:"points_out"`
			}
		}
		resp, b := s.do(http.MethodGet, base+"/series?node="+e.Node+"&metric="+e.Name+"&max_points=20", nil)
		if resp.StatusCode == http.StatusNotFound {
			continue // a name that stands for several
		}
		if err := json.Unmarshal(b, &r); err != nil || len(r.Series) != 1 {
			t.Fatalf("%v in %s", err, b)
		}
		x := r.Series[0]
		if len(x.Times) != x.PointsOut || len(x.Values) != x.PointsOut || x.PointsOut > 20 || x.PointsIn < x.PointsOut {
			t.Errorf("%d times, %d values, %d of %d points", len(x.Times), len(x.Values), x.PointsOut, x.PointsIn)
		}
		if x.Onset != nil {
			onsets++
		}
		if e.Source.Line > 0 {
			var l struct{ Lines []struct{ N int } }
			s.get(base+"/lines?around=2&file="+e.Source.File+"&line="+strconv.Itoa(e.Source.Line), &l)
			if len(l.Lines) < 3 {
				t.Errorf("%d lines around line %d of %s", len(l.Lines), e.Source.Line, e.Source.File)
			}
		}
	}
	if onsets == 0 {
		t.Error("no series has an onset")
	}
	var tl struct {
		Lanes []struct{ Items []struct{ Kind string } }
	}
	s.get(base+"/timeline?lang=zh", &tl)
	kinds := map[string]int{}
	for _, l := range tl.Lanes {
		for _, i := range l.Items {
			kinds[i.Kind]++
		}
	}
	if kinds["onset"] == 0 || kinds["role"] == 0 {
		t.Errorf("the timeline holds %v", kinds)
	}
}

// TestLogPages goes through all records in pages and finds each once.
func TestLogPages(t *testing.T) {
	s := start(t, 0, nil)
	base := "/api/v1/incidents/" + s.upload(1) + "/logs"
	type page struct {
		Items []struct {
			Node, File string
			Line       int
		}
		Next    *string
		Scanned int
	}
	var whole page
	s.get(base+"?limit=1000", &whole)
	if len(whole.Items) == 0 {
		t.Fatal("no records")
	}
	want := min(len(whole.Items), 120)
	seen := map[string]bool{}
	for cursor := ""; len(seen) < want; {
		var p page
		s.get(base+"?limit=50&cursor="+strings.ReplaceAll(cursor, "@", "%40"), &p)
		for _, i := range p.Items {
			key := i.File + strconv.Itoa(i.Line)
			if seen[key] {
				t.Fatalf("%s comes twice", key)
			}
			seen[key] = true
		}
		if p.Next == nil {
			break
		}
		cursor = *p.Next
	}
	if len(seen) < want {
		t.Errorf("%d records in pages, want at least %d", len(seen), want)
	}
	var none page
	s.get(base+"?q=no-such-text-anywhere", &none)
	if len(none.Items) != 0 || none.Scanned == 0 {
		t.Errorf("%d records found, %d looked at", len(none.Items), none.Scanned)
	}
}

func TestTraces(t *testing.T) {
	s := start(t, 0, nil)
	base := "/api/v1/incidents/" + s.upload(0) + "/traces"
	var list struct {
		Items []struct {
			Trace string
			Spans int
			DurUS int64 `json:"duration_us"`
		}
		Scanned int
	}
	s.get(base, &list)
	if len(list.Items) == 0 || list.Scanned == 0 {
		t.Fatalf("%d traces of %d spans", len(list.Items), list.Scanned)
	}
	for i := 1; i < len(list.Items); i++ {
		if list.Items[i].DurUS > list.Items[i-1].DurUS {
			t.Fatal("not the longest first")
		}
	}
	var one struct{ Spans []struct{ ID string } }
	s.get(base+"/"+list.Items[0].Trace, &one)
	if len(one.Spans) != list.Items[0].Spans {
		t.Errorf("%d spans, the list says %d", len(one.Spans), list.Items[0].Spans)
	}
}

func TestBundleInParts(t *testing.T) {
	s := start(t, 0, nil)
	want := bundle(t, 2)
	path := "/api/v1/incidents/" + s.upload(2) + "/bundle"
	resp, b := s.do(http.MethodGet, path, nil, "Accept-Encoding", "gzip")
	if resp.StatusCode != 200 || !bytes.Equal(b, want) || resp.Header.Get("Content-Encoding") != "" {
		t.Fatalf("%d, %d bytes of %d, encoding %q", resp.StatusCode, len(b), len(want), resp.Header.Get("Content-Encoding"))
	}
	if cd := resp.Header.Get("Content-Disposition"); !strings.Contains(cd, ".tar.gz") {
		t.Errorf("Content-Disposition is %q", cd)
	}
	resp, b = s.do(http.MethodGet, path, nil, "Range", "bytes=10-19")
	if resp.StatusCode != http.StatusPartialContent || !bytes.Equal(b, want[10:20]) {
		t.Errorf("a part: %d, %x", resp.StatusCode, b)
	}
	resp, _ = s.do(http.MethodGet, path, nil, "Range", "bytes=99999999999-")
	if resp.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("a part beyond the end: %d", resp.StatusCode)
	}
	if kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); kind != "text/plain" { // as the OpenAPI document declares
		t.Errorf("a part beyond the end is told in %q", kind)
	}
	resp, _ = s.do(http.MethodHead, path, nil)
	if resp.StatusCode != 200 || resp.ContentLength != int64(len(want)) {
		t.Errorf("HEAD: %d, %d bytes", resp.StatusCode, resp.ContentLength)
	}
}
