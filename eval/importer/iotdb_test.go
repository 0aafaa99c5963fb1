package importer

import (
	"strings"
	"testing"
	"time"
)

func TestMultilog(t *testing.T) {
	src := t.TempDir()
	write(t, src, map[string]string{
		"injections.csv": "case,seq,inject_kind,root_cause_node,start_epoch_utc,end_epoch_utc\n" +
			"cpu,0,full_cpu,iotdb1,1700000020.250,1700000030.5\ncpu,1,flush,iotdb0,1700000100,1700000110\nio,0,io2,,1700000020,1700000030\n",
		"sample/cpu/label1.log.gz": "- 2023-11-14 22:13:20,500 [main] INFO a.B:1 - start\n- more of it\n2023-11-14 22:13:40,000 [x] WARN a.B:2 - - slow\n",
		"sample/cpu/label2.log.gz": "",
		"sample/io/label1.log.gz":  "- 2023-11-14 22:13:21,000 [main] INFO a.B:1 - start\n",
	})
	m := imported(t, Multilog, src)[0]
	if len(m.Cases) != 2 {
		t.Fatalf("%d cases, want the first injection of each", len(m.Cases))
	}
	want := "2023-11-14 22:13:20,500 [main] INFO a.B:1 - start\nmore of it\n2023-11-14 22:13:40,000 [x] WARN a.B:2 - - slow\n"
	if got := member(t, m, "multilog-01", "logs/iotdb0.log.zst"); got != want {
		t.Errorf("log = %q", got)
	}
	b, truth := open(t, m, "multilog-01")
	if w := b.Incident.Window; w.From.UnixMilli() != 1700000015250 || w.To.UnixMilli() != 1700000035500 || !b.Incident.Alert.Time.Equal(w.From) {
		t.Errorf("window = %v", w)
	}
	if l := b.Incident.Baseline; l.From.UnixMilli() != 1700000000500 || !l.To.Equal(b.Incident.Window.From) {
		t.Errorf("baseline = %v", l)
	}
	if truth.Causes[0].Node != "iotdb1" || truth.Causes[0].Fault != "cpu_saturation" || len(b.LogNodes) != 2 {
		t.Errorf("truth = %+v, logs of %v", truth, b.LogNodes)
	}
	if _, truth = open(t, m, "multilog-02"); truth.Causes[0].Node != "" {
		t.Errorf("a node that the set does not state: %+v", truth.Causes[0])
	}
}

func TestMergeRecordsTakesCopiesOnce(t *testing.T) {
	at := time.Unix(10, 0)
	rs := mergeRecords([]record{
		{at.Add(time.Second), 0, []byte("later")},
		{at, 0, []byte("same")},
		{at, 0, []byte("same")}, // twice in one file: it was logged twice
		{at, 1, []byte("same")}, // once more in another: a copy
		{at, 1, []byte("other")},
	})
	var got []string
	for _, r := range rs {
		got = append(got, string(r.text))
	}
	if s := strings.Join(got, " "); s != "same same other later" {
		t.Errorf("merged = %q", s)
	}
}

func TestDockerStats(t *testing.T) {
	src := t.TempDir()
	head := "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O           BLOCK I/O     PIDS\n"
	write(t, src, map[string]string{
		"stats": head + "df6cf4ce370d   iotdb5    172.22%   555.9MiB / 16GiB    3.39%     892B / 698B       0B / 1.5kB       29\n" +
			head + "2da3bef2f48d   iotdb4    1%    1KiB / 16GiB    5.46%     1.38kB / 838B     0B / 0B       34\n" + head +
			"df6cf4ce370d   iotdb5    2%   1MiB / 16GiB    3.39%     1MB / 698B       0B / 1.5kB       30\n",
		"bad": head + "one two\n" + head,
	})
	from := time.Unix(100, 0)
	tables, err := dockerStats(src+"/stats", from, from.Add(20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := writeMember(src+"/out.csv", tables["iotdb5"]); err != nil {
		t.Fatal(err)
	}
	m := &Manifest{Dir: src, Cases: []Entry{{ID: "x", Path: "."}}}
	want := "time," + strings.Join(statColumns, ",") + "\n100000,172.22,582903398.4,17179869184,3.39,892,698,0,1500,29\n120000,2,1048576,17179869184,3.39,1000000,698,0,1500,30\n"
	if got := member(t, m, "x", "out.csv"); got != want {
		t.Errorf("table = %s\nwant %s", got, want)
	}
	if _, err := dockerStats(src+"/bad", from, from); err == nil || !strings.Contains(err.Error(), "bad:2") {
		t.Errorf("bad line: %v, want file and line", err)
	}
}
