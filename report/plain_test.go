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
