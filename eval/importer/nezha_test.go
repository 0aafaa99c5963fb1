package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/internal/errs"
)

// nezhaSource makes a day with three injections: at minute 20, at 25 (within the
// 400 s of the first) and at 50, a sample a minute for an hour and a half.
func nezhaSource(t *testing.T) string {
	src := t.TempDir()
	day := time.Date(2023, 1, 29, 8, 0, 0, 0, time.UTC)
	at := func(m, s int) time.Time {
		return day.Add(time.Duration(m)*time.Minute + time.Duration(s)*time.Second)
	}
	faults := "system,date,inject_epoch,root_cause_pod,root_cause_service,fault_type\n"
	for i, m := range []int{50, 20, 25} { // out of order
		faults += fmt.Sprintf("TrainTicket,2023-01-29,%d,ts-a-service-5f8-abcde,ts-a-service,%s\n", at(m, 0).Unix(), []string{"return", "exception", "cpu_contention"}[i])
	}
	var metric strings.Builder
	metric.WriteString("Time,TimeStamp,PodName,CpuUsage(m),PodClientLatencyP90(s)\n")
	for m := range 90 {
		// The stamp column lies; the text is right.
		fmt.Fprintf(&metric, "%s +0000 UTC m=+1,1875123456,ts-a-service-5f8-abcde,%d,NaN\n", at(m, 9).Format("2006-01-02 15:04:05.999999999"), m)
	}
	log := func(m, s int, body string) string {
		tm := at(m, s)
		return fmt.Sprintf("%s,%d,10.0.0.1,ts-a-service-5f8-abcde,server,trace,span,\"{\"\"log\"\":\"\"%s\\n\"\",\"\"stream\"\":\"\"stdout\"\"}\"\n", tm.Format(time.RFC3339), tm.UnixNano(), body)
	}
	head := "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log\n"
	torn := strings.TrimSuffix(log(49, 30, "torn"), "\n") + "of a longer line\"\"}\"\n"
	span := func(id string, m, s int) string {
		n := at(m, s).UnixNano()
		return fmt.Sprintf("t1,%s,root,ts-a-service-5f8-abcde,/api,%d,%d,1\n", id, n, n+1500)
	}
	spanHead := "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n"
	write(t, src, map[string]string{
		"faults.csv": faults,
		"rca_data/2023-01-29/metric/ts-a-service-5f8-abcde_metric.csv": metric.String(),
		"rca_data/2023-01-29/log/08_50_log.csv.gz":                     head + log(50, 1, "new, and <odd>") + torn,
		"rca_data/2023-01-29/log/08_51_log.csv.gz":                     head + log(50, 1, "new, and <odd>") + log(24, 0, "in the shadow of the first"),
		"rca_data/2023-01-29/trace/08_50_trace.csv.gz":                 spanHead + span("s2", 50, 2) + span("s1", 10, 0),
		"rca_data/2023-01-29/trace/08_51_trace.csv.gz":                 spanHead + span("s2", 50, 2),
	})
	return src
}

func TestNezha(t *testing.T) {
	m := imported(t, Nezha, nezhaSource(t))[0]
	var ids []string
	for _, e := range m.Cases {
		ids = append(ids, e.ID)
	}
	// Healthy: before minute 20 and before 50; minute 25 follows too soon.
	if !slices.Equal(ids, []string{"trainticket-01", "trainticket-02", "trainticket-03", "trainticket-h01", "trainticket-h02"}) {
		t.Fatalf("cases = %q", ids)
	}
	b, truth := open(t, m, "trainticket-03")
	if got := b.Incident.Window.From.Format("15:04:05") + " " + b.Incident.Window.To.Format("15:04:05") + " " + b.Incident.Alert.Time.Format("15:04:05"); got != "08:49:00 08:53:00 08:50:30" {
		t.Errorf("window and alert = %s", got)
	}
	if c := truth.Causes[0]; c.Fault != "code_return" || c.Service != "ts-a-service" || c.Window.From.Format("15:04") != "08:50" {
		t.Errorf("truth = %+v", c)
	}
	var minutes []int
	for _, v := range b.Tables[0].Column("CpuUsage(m)").Values {
		minutes = append(minutes, int(v))
	}
	// Out: 20:09 to 31:39 (two faults of 400 s), and after the window 53:09 to 56:39.
	var want []int
	for m := range 90 {
		if (m < 20 || m > 31) && (m < 53 || m > 56) {
			want = append(want, m)
		}
	}
	if !slices.Equal(minutes, want) {
		t.Errorf("minutes = %v\nwant %v", minutes, want)
	}
	if got := member(t, m, "trainticket-03", "logs/ts-a-service-5f8-abcde.jsonl.zst"); strings.Count(got, "\n") != 2 ||
		!strings.Contains(got, `"body":"torn"`) || !strings.Contains(got, `"attributes":{"span_id":"span"}`) {
		t.Errorf("logs = %s", got)
	}
	wantSpans := `{"trace_id":"t1","span_id":"s1","parent_id":"","node":"ts-a-service-5f8-abcde","service":"ts-a-service","name":"/api","start":1674979800000000000,"duration":1500}` + "\n"
	if got := member(t, m, "trainticket-02", "traces.jsonl.zst"); got != wantSpans {
		t.Errorf("spans of another case = %s\nwant only the healthy one", got)
	}
	if !strings.Contains(m.Notes, "1 log lines had") {
		t.Errorf("notes do not tell of the torn line: %s", m.Notes)
	}
	calm, healthy := open(t, m, "trainticket-h02")
	if !healthy.Healthy || calm.Incident.Window.To.Format("15:04") != "08:50" || healthy.Split != truth.Split {
		t.Errorf("healthy: %+v, %+v", calm.Incident.Window, healthy)
	}
	again := imported(t, Nezha, nezhaSource(t))[0]
	if again.Checksum != m.Checksum {
		t.Error("the same source gives other bytes")
	}
}

func TestNezhaBadRow(t *testing.T) {
	src := nezhaSource(t)
	write(t, src, map[string]string{"rca_data/2023-01-29/trace/09_00_trace.csv.gz": "TraceID,StartTimeUnixNano\nx,soon\n"})
	_, err := Import(t.Context(), Nezha, src, t.TempDir(), nil)
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "09_00_trace.csv.gz:2") {
		t.Errorf("got %v, want kind invalid with file and line", err)
	}
}

func TestPodService(t *testing.T) {
	for pod, want := range map[string]string{"ts-a-service-5f8-abcde": "ts-a-service", "cart-579f59597d-wc2lz": "cart", "plain": "plain", "-x": "-x"} {
		if got := podService(pod); got != want {
			t.Errorf("podService(%q) = %q, want %q", pod, got, want)
		}
	}
	for in, want := range map[string]string{"front-end-0": "front-end", "host": "host", "a-b": "a-b"} {
		if got := instanceService(in); got != want {
			t.Errorf("instanceService(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSplitRow(t *testing.T) {
	for _, tt := range []struct {
		line  string
		want  []string
		clean bool
	}{
		{"a,b", []string{"a", "b"}, true},
		{`a,"b ""c"", d",e`, []string{"a", `b "c", d`, "e"}, true},
		{`"a"rest,b`, []string{"a", "b"}, false},
		{`a,"b"rest""}"`, []string{"a", "b"}, false},
		{`a,"b`, []string{"a", "b"}, false},
		{`a,""`, []string{"a", ""}, true},
		{"", []string{""}, true},
		{`a,`, []string{"a", ""}, true},
	} {
		got, clean := splitRow(nil, tt.line)
		if !slices.Equal(got, tt.want) || clean != tt.clean {
			t.Errorf("splitRow(%q) = %q, %v; want %q, %v", tt.line, got, clean, tt.want, tt.clean)
		}
	}
}

func FuzzSplitRow(f *testing.F) {
	for _, s := range []string{"a,b", `a,"b ""c"" d",e`, `"a"rest,b`, `a,"b`, `"`, `""`, `"""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cells, _ := splitRow(nil, line)
		n := 0
		for _, c := range cells {
			n += len(c)
		}
		if len(cells) == 0 || n > len(line) {
			t.Errorf("splitRow(%q) = %q", line, cells)
		}
	})
}
