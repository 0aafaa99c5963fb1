package report

import (
	stdbytes "bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"triagent/incident"
)

// renderers are the forms for people.
var renderers = map[string]func(io.Writer, incident.Diagnosis, Options) error{
	"text": Text, "markdown": Markdown,
	"html": func(w io.Writer, d incident.Diagnosis, o Options) error { return HTML(w, []Result{{Diagnosis: d}}, o) },
	"table": func(w io.Writer, d incident.Diagnosis, o Options) error {
		return Table(w, []Result{{Diagnosis: d, Known: Known{Recorded: true, Node: "datanode-2", Fault: "cpu_saturation"}}}, o)
	},
	"progress": func(w io.Writer, d incident.Diagnosis, o Options) error {
		l := Progress(w, o)
		for _, e := range events(d) {
			l(e)
		}
		return nil
	},
}

// events is a stream that folds to d, as far as progress shows it.
func events(d incident.Diagnosis) []incident.Event {
	out := []incident.Event{
		incident.Opened{Incident: d.Incident, Engine: d.Engine},
		incident.StageStarted{Stage: incident.Map},
		incident.GraphBuilt{Graph: d.Graph},
		incident.StageEnded{Stage: incident.Map},
		incident.StageStarted{Stage: incident.Examine},
		incident.AgentChosen{Agent: "data/metric", Nodes: []incident.NodeID{"a", "b", "c", "d"}},
	}
	for _, f := range d.Findings {
		out = append(out, incident.FindingMade{Finding: f})
	}
	out = append(out, incident.Detected{Detection: d.Detection}, incident.StageStarted{Stage: incident.Judge})
	for _, c := range d.Causes {
		out = append(out, incident.CauseRanked{Cause: c})
	}
	for _, r := range d.Rejected {
		out = append(out, incident.HypothesisRejected{Rejected: r})
	}
	if d.Plan != nil {
		out = append(out, incident.Planned{Plan: *d.Plan})
	}
	for _, m := range d.Missing {
		out = append(out, incident.Lacked{Missing: m})
	}
	return append(out, incident.Concluded{Verdict: d.Verdict, Confidence: d.Confidence}, incident.Closed{Cost: d.Cost})
}

func TestGolden(t *testing.T) {
	for name, render := range renderers {
		for _, lang := range []Lang{English, Chinese} {
			t.Run(name+"/"+string(lang), func(t *testing.T) {
				var b stdbytes.Buffer
				if err := render(&b, sample(), Options{Lang: lang, Width: 90, Words: words(t)}); err != nil {
					t.Fatal(err)
				}
				golden(t, "sample."+string(lang)+"."+name, b.Bytes())
			})
		}
	}
}

// TestForeignText gives every renderer the worst words that a system can have.
func TestForeignText(t *testing.T) {
	for name, render := range renderers {
		t.Run(name, func(t *testing.T) {
			var b stdbytes.Buffer
			if err := render(&b, hostile(), Options{}); err != nil {
				t.Fatal(err)
			}
			out := b.String()
			for i, r := range out {
				if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Cf, r) {
					t.Fatalf("control character %U at %d: %q", r, i, out[max(0, i-40):i+10])
				}
			}
			if name == "html" || name == "markdown" {
				out := regexp.MustCompile("``.*?``").ReplaceAllString(out, "") // code spans show what they hold
				if strings.Contains(out, "<script") {
					t.Error("a tag of the foreign text came through")
				}
			}
			if strings.Contains(out, "\n# x") {
				t.Error("a line of the foreign text came through")
			}
		})
	}
}

func TestMarkdownCannotBreakOut(t *testing.T) {
	for _, tt := range []struct{ in, code, text string }{
		{"a", "`a`", "a"},
		{"a`b", "``a`b``", "a\\`b"},
		{"`a``", "``` `a`` ```", "\\`a\\`\\`"},
		{"a|b", "`a¦b`", "a\\|b"},
		{"[x](y) <b> &amp;", "`[x](y) <b> &amp;`", "\\[x\\](y) &lt;b&gt; &amp;amp;"},
	} {
		if got := code(tt.in); got != tt.code {
			t.Errorf("code(%q) = %q, want %q", tt.in, got, tt.code)
		}
		if got := escape(tt.in); got != tt.text {
			t.Errorf("escape(%q) = %q, want %q", tt.in, got, tt.text)
		}
	}
}

// TestHTMLStandsAlone checks that the page is well formed, loads nothing, and
// that every link within it leads somewhere.
func TestHTMLStandsAlone(t *testing.T) {
	for _, lang := range []Lang{English, Chinese} {
		var b stdbytes.Buffer
		results := []Result{{Diagnosis: sample()}, {Diagnosis: sample(), Err: errors.New("no such <bundle>")}}
		if err := HTML(&b, results, Options{Lang: lang, Words: words(t)}); err != nil {
			t.Fatal(err)
		}
		out := b.String()
		for _, bad := range []string{"<script", "<link", "<img", "<iframe", "@import", "url(http", "src=", "http://", "https://"} {
			if strings.Contains(out, bad) {
				t.Errorf("the page holds %q", bad)
			}
		}
		ids := map[string]bool{}
		for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(out, -1) {
			if ids[m[1]] {
				t.Errorf("two elements with id %q", m[1])
			}
			ids[m[1]] = true
		}
		links := regexp.MustCompile(` href="#([^"]*)"`).FindAllStringSubmatch(out, -1)
		for _, m := range links {
			if !ids[m[1]] {
				t.Errorf("link to #%s leads nowhere", m[1])
			}
		}
		if len(links) < 10 {
			t.Errorf("only %d links", len(links))
		}
		for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(out, -1) {
			if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
				t.Errorf("%v in %.80s", err, svg)
			}
		}
	}
}

func TestIndex(t *testing.T) {
	var b stdbytes.Buffer
	if err := HTMLIndex(&b, []Result{{Diagnosis: sample(), Link: "iotdb-0042.html"}}, Options{}); err != nil {
		t.Fatal(err)
	}
	if out := b.String(); !strings.Contains(out, `href="iotdb-0042.html"`) || strings.Contains(out, "<article") {
		t.Error("want an overview that links to the report and no more")
	}
}

func TestMatch(t *testing.T) {
	cpu := Known{Recorded: true, Node: "datanode-2", Fault: "cpu_saturation"}
	healthy := incident.Diagnosis{Verdict: incident.Healthy}
	unsure := incident.Diagnosis{Verdict: incident.Inconclusive, Causes: sample().Causes}
	for _, tt := range []struct {
		name string
		r    Result
		want Match
	}{
		{"nothing on record", Result{Diagnosis: sample()}, NoRecord},
		{"right", Result{Diagnosis: sample(), Known: cpu}, Right},
		{"other fault", Result{Diagnosis: sample(), Known: Known{Recorded: true, Node: "datanode-2", Fault: "disk_full"}}, RightWho},
		{"accepted name", Result{Diagnosis: sample(), Known: Known{Recorded: true, Node: "datanode-2", Fault: "slow_query", Accept: []incident.Fault{"cpu_saturation"}}}, Right},
		{"other node", Result{Diagnosis: sample(), Known: Known{Recorded: true, Node: "datanode-1", Fault: "cpu_saturation"}}, RightHow},
		{"both wrong", Result{Diagnosis: sample(), Known: Known{Recorded: true, Node: "datanode-1", Fault: "disk_full"}}, Wrong},
		{"fault where there is none", Result{Diagnosis: sample(), Known: Known{Recorded: true}}, Wrong},
		{"healthy and is", Result{Diagnosis: healthy, Known: Known{Recorded: true}}, Right},
		{"nothing abnormal, healthy", Result{Diagnosis: unsure, Known: Known{Recorded: true}}, Right},
		{"healthy and is not", Result{Diagnosis: healthy, Known: cpu}, Wrong},
		{"first suspect counts", Result{Diagnosis: unsure, Known: cpu}, Right},
		{"failed", Result{Err: errors.New("x"), Known: cpu}, Wrong},
	} {
		if got := tt.r.Match(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestFailingWriter sees to it that a full disk is not passed over.
func TestFailingWriter(t *testing.T) {
	for name, render := range renderers {
		if name == "progress" {
			continue // progress never fails a diagnosis
		}
		if err := render(brokenWriter{}, sample(), Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestLargeGraph(t *testing.T) {
	d := sample()
	d.Graph = incident.Graph{}
	for i := range 200 {
		n := incident.NodeID(fmt.Sprintf("node-%03d", i))
		d.Graph.Nodes = append(d.Graph.Nodes, incident.GraphNode{ID: n, Oddness: float64(i) / 400})
		d.Graph.Edges = append(d.Graph.Edges, incident.GraphEdge{From: n, To: incident.NodeID(fmt.Sprintf("node-%03d", (i+1)%200)), Kind: "call"})
	}
	d.Graph.Nodes[7].ID = "datanode-2"
	g := Options{}.graph(&d, "p-")
	if len(g.Nodes) != maxGraphNodes || g.Note == "" {
		t.Errorf("%d nodes drawn, note %q", len(g.Nodes), g.Note)
	}
	culprits := 0
	for _, n := range g.Nodes {
		if n.Class == "culprit" {
			culprits++
		}
	}
	if culprits != 1 {
		t.Errorf("%d culprits drawn", culprits)
	}
}
