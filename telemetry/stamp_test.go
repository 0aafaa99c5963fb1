package telemetry

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		berlin = time.FixedZone("x", 3600)
	}
	cst := time.FixedZone("CST", 8*3600)
	for _, tt := range []struct {
		line string
		zone *time.Location
		want string // RFC 3339, "" for not a time
		n    int
	}{
		{"2023-10-27 20:56:50,020 [main] INFO x", nil, "2023-10-27T20:56:50.02Z", 23},
		{"2023-10-27 20:56:50,020 [main] INFO x", cst, "2023-10-27T12:56:50.02Z", 23},
		{"2023-07-27 20:56:50 x", berlin, "2023-07-27T18:56:50Z", 19},
		{"2023-10-27T20:56:50.020+08:00 x", nil, "2023-10-27T12:56:50.02Z", 29},
		{"2023-10-27T20:56:50Z x", cst, "2023-10-27T20:56:50Z", 20},
		{"2023/10/27 20:56:50.123456789 +0200 x", nil, "2023-10-27T18:56:50.123456789Z", 35},
		{"2023-10-27 20:56:50 UTC [1] LOG", cst, "2023-10-27T20:56:50Z", 23},
		{"2023-10-27 20:56:50 - INFO - x", nil, "2023-10-27T20:56:50Z", 19},
		{"2023-10-27 20:56:50 -5 degrees", nil, "2023-10-27T20:56:50Z", 19},
		{"2005-06-03-15.42.50.675872 R02", nil, "2005-06-03T15:42:50.675872Z", 26},
		{"17/06/09 20:10:40 INFO", nil, "2017-06-09T20:10:40Z", 17},
		{"10/27/2023 20:56:50 x", nil, "2023-10-27T20:56:50Z", 19},
		{"27/10/2023 20:56:50 x", nil, "2023-10-27T20:56:50Z", 19},
		{"081109 203615 148 INFO", nil, "2008-11-09T20:36:15Z", 13},
		{"20171223-22:15:29:606|Step", nil, "2017-12-23T22:15:29.606Z", 21},
		{"20231118T084620Z x", nil, "2023-11-18T08:46:20Z", 16},
		{"Sun Dec 04 04:47:44 2005] [notice]", nil, "2005-12-04T04:47:44Z", 24},
		{"Sun, 04 Dec 2005 04:47:44 GMT", cst, "2005-12-04T04:47:44Z", 29},
		{"10/Oct/2000:13:55:36 -0700] \"GET", nil, "2000-10-10T20:55:36Z", 26},
		{"04-Dec-2005 04:47:44.123 INFO", nil, "2005-12-04T04:47:44.123Z", 24},
		{"1117838570 2005.06.03", nil, "2005-06-03T22:42:50Z", 10},
		{"1700297180.247 x", nil, "2023-11-18T08:46:20.247Z", 14},
		{"1700297180247", nil, "2023-11-18T08:46:20.247Z", 13},
		{"1700297180247000000 x", nil, "2023-11-18T08:46:20.247Z", 19},
		{"2023-13-27 20:56:50 x", nil, "", 0},
		{"2023-10-27 25:56:50 x", nil, "", 0},
		{"2023-10-27 20:56:50x", nil, "", 0},
		{"Jun 14 15:16:01 combo sshd", nil, "", 0}, // no year
		{"12345678 apples and pears", nil, "", 0},
		{"hello world", nil, "", 0},
		{"", nil, "", 0},
	} {
		got, n, ok := ParseTime([]byte(tt.line), tt.zone)
		if tt.want == "" {
			if ok {
				t.Errorf("ParseTime(%q) = %v, want none", tt.line, time.Unix(0, got).UTC())
			}
			continue
		}
		want, err := time.Parse(time.RFC3339Nano, tt.want)
		if err != nil {
			t.Fatal(err)
		}
		if !ok || got != want.UnixNano() || n != tt.n {
			t.Errorf("ParseTime(%q) = %v, %d, %v; want %v, %d", tt.line, time.Unix(0, got).UTC(), n, ok, want, tt.n)
		}
	}
}

func TestParseTimeNear(t *testing.T) {
	ref := time.Date(2024, 1, 1, 0, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		line, want string
		n          int
	}{
		{"Dec 31 23:59:58 host sshd[1]: x", "2023-12-31T23:59:58Z", 15},
		{"Jan  1 00:10:00 host x", "2024-01-01T00:10:00Z", 15},
		{"12-31 23:13:38.811  1702  2395 D", "2023-12-31T23:13:38.811Z", 18},
		{"10.30 16:49:06] chrome.exe", "2023-10-30T16:49:06Z", 14},
		{"I1231 20:56:50.020123 1 x.go:1] x", "2023-12-31T20:56:50.020123Z", 21},
		{"23:56:50.020 [main]", "2023-12-31T23:56:50.02Z", 12},
		{"2020-02-29 00:00:00", "2020-02-29T00:00:00Z", 19},
	} {
		got, n, ok := ParseTimeNear([]byte(tt.line), nil, ref)
		want, err := time.Parse(time.RFC3339Nano, tt.want)
		if err != nil {
			t.Fatal(err)
		}
		if !ok || got != want.UnixNano() || n != tt.n {
			t.Errorf("ParseTimeNear(%q) = %v, %d, %v; want %v, %d", tt.line, time.Unix(0, got).UTC(), n, ok, want, tt.n)
		}
	}
}

func TestFindTime(t *testing.T) {
	for _, tt := range []struct {
		line string
		from int
		ok   bool
	}{
		{"[Sun Dec 04 04:47:44 2005] [error] x", 1, true},
		{"nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO x", 35, true},
		{`10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1`, 14, true},
		{"\tat java.lang.Thread.run(Thread.java:748)", 0, false},
		{"Mayday in the marmalade 20:56:50", 0, false},
	} {
		_, from, ok := FindTime([]byte(tt.line))
		if ok != tt.ok || from != tt.from {
			t.Errorf("FindTime(%q) = %d, %v; want %d, %v", tt.line, from, ok, tt.from, tt.ok)
		}
	}
}

func TestParseTimeAllocates(t *testing.T) {
	line := []byte("2023-10-27 20:56:50,020 [main] INFO x")
	zone := time.FixedZone("CST", 8*3600)
	if n := testing.AllocsPerRun(100, func() { ParseTime(line, zone) }); n != 0 {
		t.Errorf("ParseTime allocates %v times", n)
	}
}

// FuzzParseTime holds ParseTime to its contract: no panic, a span inside the
// line, the same answer for the span alone, and agreement with package time.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{
		"2023-10-27 20:56:50,020 [main]", "Jun 14 15:16:01 x", "17/06/09 20:10:40 INFO",
		"Sun Dec 04 04:47:44 2005]", "10/Oct/2000:13:55:36 -0700]", "1700297180.247", "I1027 20:56:50.02 x",
		"20171223-22:15:29:606|", "2005-06-03-15.42.50.675872 R02", "Sun, 04 Dec 2005 04:47:44 GMT",
	} {
		f.Add([]byte(s))
	}
	ref := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, line []byte) {
		s, ok := ParseStamp(line)
		if !ok {
			return
		}
		if s.N < 8 || s.N > len(line) || s.N > 64 {
			t.Fatalf("ParseStamp(%q).N = %d", line, s.N)
		}
		if again, ok := ParseStamp(line[:s.N]); !ok || again.N > s.N {
			t.Fatalf("ParseStamp(%q) = %+v, %v; the whole gave %+v", line[:s.N], again, ok, s)
		}
		if !s.IsEpoch && s.Year != 0 {
			want := time.Date(int(s.Year), time.Month(s.Month), int(s.Day), int(s.Hour), int(s.Minute), int(s.Sec), int(s.Nanos), time.UTC)
			if s.HasZone {
				want = want.Add(-time.Duration(s.Offset) * time.Second)
			}
			if s.Year >= 1700 && s.Year < 2200 && s.UnixNano(nil) != want.UnixNano() {
				t.Fatalf("%q: %v, want %v", line, time.Unix(0, s.UnixNano(nil)).UTC(), want)
			}
		}
		if _, n, ok := ParseTimeNear(line, time.UTC, ref); !ok || n != s.N {
			t.Fatalf("ParseTimeNear(%q) = %d, %v", line, n, ok)
		}
	})
}

func BenchmarkParseTime(b *testing.B) {
	line := []byte("2023-10-27 20:56:50,020 [main] INFO  o.a.i.c.ConfigNode:105 - body")
	for b.Loop() {
		ParseTime(line, nil)
	}
}
