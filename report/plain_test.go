package report

import "testing"

func TestPlainChinese(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"not in the bundle", "不在事件包中"},
		{"none in the bundle for a-1 b-1", "事件包中没有 a-1 b-1 的数据"},
		{"it does not name x: role unknown", "未提及 x：角色未知"},
		{"it does not name x", "it does not name x"},
		{"nothing of ours", "nothing of ours"},
		{
			"no record of n {} lies in the window or the baseline: the records run from 1 to 2, the window from 3 to 4 (UTC); " +
				"if they were written in another time zone, name it as log_zone in incident.json",
			"n {} 的日志没有一条落在窗口或基线内：日志为 1 至 2，窗口为 3 至 4（UTC）；若日志使用其他时区，请在 incident.json 中用 log_zone 指明",
		},
	} {
		if got := (Options{Lang: Chinese}).plain(tt.in); got != tt.want {
			t.Errorf("plain(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestPercent asks that no probability reads as certain or impossible.
func TestPercent(t *testing.T) {
	for p, want := range map[float64]string{1: "99 %", 0.9996: "99 %", 0.814: "81 %", 0.004: "< 1 %", 0: "< 1 %"} {
		if got := Percent(p); got != want {
			t.Errorf("Percent(%v) = %q, want %q", p, got, want)
		}
	}
}

// TestInUTC puts the zone behind the first time of day, once.
func TestInUTC(t *testing.T) {
	for text, want := range map[string]string{
		"dn-2 ran out of CPU at 10:01:05; until 10:03:00": "dn-2 ran out of CPU at 10:01:05 UTC; until 10:03:00",
		"since 10:01:05 UTC":                              "since 10:01:05 UTC", "ratio 10:01": "ratio 10:01", "": "",
	} {
		if got := InUTC(text); got != want {
			t.Errorf("InUTC(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestSayOnce leaves what all steps begin with in the first.
func TestSayOnce(t *testing.T) {
	steps := []stepView{
		{Text: "No cause is certain yet. Watch a.", Action: "observe"}, {Text: "No cause is certain yet. Watch b.", Action: "observe"},
	}
	sayOnce(steps)
	if steps[0].Text != "No cause is certain yet. Watch a." || steps[1].Text != "Watch b." {
		t.Errorf("%q, %q", steps[0].Text, steps[1].Text)
	}
	others := []stepView{{Text: "Stop a. Start it."}, {Text: "Stop a. Look at it."}}
	sayOnce(others)
	if others[0].Text != "Stop a. Start it." || others[1].Text != "Stop a. Look at it." {
		t.Errorf("%q, %q", others[0].Text, others[1].Text)
	}
}
