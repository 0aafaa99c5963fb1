package importer

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// write makes the files of a small source; names that end in .gz are compressed.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".gz") {
			z := gzip.NewWriter(f)
			_, err = z.Write([]byte(text))
			if cerr := z.Close(); err == nil {
				err = cerr
			}
		} else {
			_, err = f.WriteString(text)
		}
		if cerr := f.Close(); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
	}
}

// member reads a member of a bundle, decompressed.
func member(t *testing.T, m *Manifest, id, name string) string {
	t.Helper()
	i := slices.IndexFunc(m.Cases, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		t.Fatalf("no case %s in %v", id, m.Cases)
	}
	b, err := os.ReadFile(filepath.Join(m.Dir, m.Cases[i].Path, name))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".zst") {
		d, err := zstd.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if b, err = d.DecodeAll(b, nil); err != nil {
			t.Fatal(err)
		}
	}
	return string(b)
}

func open(t *testing.T, m *Manifest, id string) (*telemetry.Bundle, *telemetry.Truth) {
	t.Helper()
	i := slices.IndexFunc(m.Cases, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		t.Fatalf("no case %s in %v", id, m.Cases)
	}
	p := filepath.Join(m.Dir, m.Cases[i].Path)
	b, err := telemetry.Open(t.Context(), p, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	truth, err := telemetry.ReadTruth(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return b, truth
}

func imported(t *testing.T, kind Kind, src string) []*Manifest {
	t.Helper()
	ms, err := Import(t.Context(), kind, src, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func TestMapping(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(mappingCSV)).ReadAll()
	if err != nil || len(rows) < 40 {
		t.Fatal(len(rows), err)
	}
	c, err := Causes("dbsherlock", "CPU,IO,Network Saturation")
	if err != nil || len(c) != 3 || c[2].Fault != "network_delay" || !slices.Equal(c[2].Accept, []string{"network_bandwidth"}) {
		t.Errorf("causes = %+v, %v; want three, the last by two names", c, err)
	}
	if _, err := Causes("nezha", "flood"); errs.KindOf(err) != errs.Invalid {
		t.Errorf("unknown label: %v", err)
	}
}

func TestUnknownKindAndWrongSource(t *testing.T) {
	for _, k := range append(Kinds(), "nosuch") {
		if _, err := Import(t.Context(), k, t.TempDir(), t.TempDir(), nil); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s from an empty folder: %v, want kind invalid", k, err)
		}
	}
}

func TestDBSherlock(t *testing.T) {
	src := t.TempDir()
	write(t, src, map[string]string{
		"index.csv": "kind,file,cause,abnormal_first_row_1based,abnormal_last_row_1based\n" +
			"single,single/a.csv,Lock Contention,2,3\ncompound,compound/b.csv,Workload Spike + CPU Saturation,1,1\n",
		"single/a.csv":   "Epoch,cpu,\"odd, name\",is_abnormal\n1,5,6,0\n2,7,8,1\n3,9,10,1\n",
		"compound/b.csv": "Epoch,cpu,is_abnormal\n1,5,1\n2,6,0\n",
	})
	ms := imported(t, DBSherlock, src)
	b, truth := open(t, ms[0], "single-01")
	if !b.Incident.Window.IsZero() || !b.Incident.Baseline.IsZero() || !b.Incident.Alert.Time.IsZero() {
		t.Errorf("incident tells when: %+v", b.Incident)
	}
	if got := member(t, ms[0], "single-01", "metrics/db.csv"); got != "time,cpu,\"odd, name\"\n1451606401,5,6\n1451606402,7,8\n1451606403,9,10\n" {
		t.Errorf("metrics = %q", got)
	}
	want := incident.Window{From: time.Unix(1451606402, 0).UTC(), To: time.Unix(1451606404, 0).UTC()}
	if c := truth.Causes[0]; c.Fault != "lock_contention" || c.Node != "db" || c.Window != want || c.Label != "Lock Contention" {
		t.Errorf("truth = %+v", c)
	}
	if _, truth = open(t, ms[1], "compound-01"); len(truth.Causes) != 2 {
		t.Errorf("compound truth = %+v", truth)
	}
	write(t, src, map[string]string{"single/a.csv": "Epoch,cpu,is_abnormal\n1,5,0\n"})
	if _, err := Import(t.Context(), DBSherlock, src, t.TempDir(), nil); errs.KindOf(err) != errs.Invalid {
		t.Errorf("abnormal rows beyond the end: %v", err)
	}
}

func TestTVDiag(t *testing.T) {
	src := t.TempDir()
	write(t, src, map[string]string{
		"hotel/label.csv":        "index,instance,anomaly_type,service,data_type\n7,geo-0,pod-failure,geo,train\n9,rate-1,network-loss,rate,test\n",
		"hotel/raw/metrics.json": `{"7":[],"9":[["rate-1","cpu_usage","up"]]}`,
		"hotel/raw/logs.json":    `{"7":[],"9":[["rate-1","rate-1-74"]]}`,
		"hotel/raw/traces.json":  `{"7":[],"9":[["-1","geo-0","Get","500"],["geo-0","rate-1","/Rate","PD"],["geo-0","geo-0","x","PD"]]}`,
		"hotel/raw/nodes.json":   `{"7":["geo-0"],"9":["geo-0","rate-1"]}`,
	})
	m := imported(t, TVDiag, src)[0]
	if m.Cases[0].Part != PartCase || m.Cases[1].Part != PartMemory || m.Cases[1].Path != "memory/hotel-0001" {
		t.Errorf("cases = %+v", m.Cases)
	}
	want := `{"time":null,"node":"rate-1","name":"cpu_usage","source":"metric","direction":"up"}
{"time":null,"node":"rate-1","name":"template-74","source":"log"}
{"time":null,"node":"geo-0","name":"500","source":"trace","direction":"up","labels":{"caller":"outside","operation":"Get"}}
{"time":null,"node":"rate-1","name":"PD","source":"trace","direction":"up","peer":"geo-0","labels":{"operation":"/Rate"}}
{"time":null,"node":"geo-0","name":"PD","source":"trace","direction":"up","labels":{"operation":"x"}}
`
	if got := member(t, m, "hotel-0002", "alerts.jsonl"); got != want {
		t.Errorf("alerts = %s", got)
	}
	b, truth := open(t, m, "hotel-0002")
	if len(b.Alerts) != 5 || truth.Causes[0].Service != "rate" || truth.Split != "tvdiag-hotel/row-9" {
		t.Errorf("%d alerts, truth %+v", len(b.Alerts), truth)
	}
	if _, truth = open(t, m, "hotel-0001"); !slices.Equal(truth.Causes[0].Accept, []string{"process_hang"}) {
		t.Errorf("accept = %q", truth.Causes[0].Accept)
	}
}

func TestBundlesAreCheckedAndCopied(t *testing.T) {
	src := filepath.Join(t.TempDir(), "mine")
	write(t, src, map[string]string{
		"x/incident.json":  `{"version":1,"id":"x","system":"sys"}`,
		"x/truth.json":     `{"healthy":true,"causes":[],"split":"s"}`,
		"README.md":        "no bundle",
		"y/sub/truth.json": `{"healthy":true,"causes":[]}`, "y/sub/incident.json": `{"version":1,"id":"y"}`,
	})
	m := imported(t, Bundles, src)[0]
	if len(m.Cases) != 2 || m.Cases[0].Path != "cases/x" || m.Cases[1].ID != "y/sub" || m.System != "sys" || m.Name != "mine" {
		t.Errorf("manifest = %+v", m)
	}
	again, err := ReadManifest(m.Dir)
	if err != nil || again.Checksum != m.Checksum {
		t.Errorf("read back %+v, %v", again, err)
	}
	write(t, src, map[string]string{"z/incident.json": `{"version":1,"id":"z"}`})
	_, err = Import(t.Context(), Bundles, src, t.TempDir(), nil)
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "truth.json") {
		t.Errorf("bundle without truth: %v", err)
	}
}

// TestStoppedImport checks that what an import leaves that was stopped is taken
// for no set, before and after there was a whole one, until it is imported.
func TestStoppedImport(t *testing.T) {
	src, dst := filepath.Join(t.TempDir(), "mine"), t.TempDir()
	write(t, src, map[string]string{
		"x/incident.json": `{"version":1,"id":"x"}`, "x/truth.json": `{"healthy":true,"causes":[]}`,
		"y/incident.json": `{"version":1,"id":"y"}`, "y/truth.json": `{"healthy":true,"causes":[]}`,
	})
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Import(ctx, Bundles, src, dst, func(string, int, int) { cancel() })
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("err = %v, want that it was cancelled", err)
		}
		set := filepath.Join(dst, "mine")
		if _, err := ReadManifest(set); errs.KindOf(err) != errs.Invalid {
			t.Errorf("manifest of half a set: %v", err)
		}
		for _, dir := range []string{dst, set} {
			if _, err := Index(t.Context(), dir); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "did not come to the end") {
				t.Errorf("index of half a set: %v", err)
			}
		}
		ms, err := Import(t.Context(), Bundles, src, dst, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := ReadManifest(ms[0].Dir); err != nil || len(m.Cases) != 2 {
			t.Errorf("%+v, %v", m, err)
		}
	}
}

func TestManifestThatLeavesTheFolder(t *testing.T) {
	dir := t.TempDir()
	b, err := json.Marshal(Manifest{Version: 1, Cases: []Entry{{Path: "../x"}}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{ManifestName: string(b)})
	if _, err := ReadManifest(dir); errs.KindOf(err) != errs.Invalid {
		t.Errorf("got %v, want kind invalid", err)
	}
}
