package app

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"triagent/demo"
	"triagent/internal/errs"
)

// The main path: a bundle goes in, is diagnosed, and the diagnosis can be read
// in every form and both languages.
func TestUploadIsDiagnosed(t *testing.T) {
	r := newRig(t, Settings{}).admin()
	var bundle bytes.Buffer
	if err := demo.Archive(&bundle, "iotdb-lab-36eb5d1c"); err != nil {
		t.Fatal(err)
	}
	var in wireIncident
	head := r.want(http.StatusAccepted, "POST", "/incidents?title=disk", bundle.Bytes(), &in)
	if head.Get("Location") == "" || in.Title != "disk" {
		t.Errorf("location %q, incident %+v", head.Get("Location"), in)
	}
	r.until("the incident is diagnosed", func() bool {
		r.want(http.StatusOK, "GET", "/incidents/"+in.ID, nil, &in)
		return in.Progress == "done"
	})
	if in.Headline == nil || in.Headline.Node != "datanode-1" || in.Headline.Fault != "disk_full" {
		t.Fatalf("headline %+v", in.Headline)
	}
	for query, word := range map[string]string{
		"": `"disk_full"`, "?format=markdown": "Disk full", "?format=text&lang=zh": "磁盘", "?format=html": "<!doctype html>",
	} {
		body := r.call("GET", "/incidents/"+in.ID+"/diagnosis"+query, nil, nil).body
		if !bytes.Contains(bytes.ToLower(body), bytes.ToLower([]byte(word))) {
			t.Errorf("diagnosis%s does not say %s: %.200s", query, word, body)
		}
	}
}

// The demonstration lets whoever sits at the machine in, and shows every bundled
// incident, diagnosed.
func TestDemo(t *testing.T) {
	r := newRig(t, Settings{Demo: true})
	r.want(http.StatusOK, "POST", "/session", map[string]bool{"demo": true}, nil)
	r.until("all bundled incidents are diagnosed", func() bool {
		done := 0
		for _, in := range r.incidents() {
			if in.Progress == "done" {
				done++
			}
		}
		return done == len(demo.IDs())
	})
}

// Where the service keeps a bundle is not told to those who handed it in.
func TestWithin(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{"/data/bundles/x/logs/a.log", "map: logs/a.log:3: torn"},
		{"/data/bundles/x", "map: bundle:3: torn"},
		{"elsewhere.csv", "map: elsewhere.csv:3: torn"},
	} {
		err := fmt.Errorf("map: %w", errs.At(tt.file, 3, 0, "torn"))
		if got := within("/data/bundles/x", err).Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	if within("x", nil) != nil {
		t.Error("no error became one")
	}
}
