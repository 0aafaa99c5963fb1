package outgoing

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestGuard(t *testing.T) {
	for addr, want := range map[string]struct{ byDefault, strict bool }{
		"93.184.216.34":            {true, true},
		"2606:2800:220:1::1":       {true, true},
		"127.0.0.1":                {true, false},
		"::1":                      {true, false},
		"10.1.2.3":                 {true, false},
		"172.31.0.1":               {true, false},
		"192.168.1.1":              {true, false},
		"100.64.0.1":               {true, false},
		"fd12::1":                  {true, false},
		"::ffff:10.0.0.1":          {true, false},
		"64:ff9b::a00:1":           {true, false},
		"2002:a00:1::":             {true, false},
		"169.254.169.254":          {false, false},
		"::ffff:169.254.169.254":   {false, false},
		"64:ff9b::169.254.169.254": {false, false},
		"2002:a9fe:a9fe::":         {false, false},
		"::169.254.169.254":        {false, false},
		"fe80::1":                  {false, false},
		"fe80::1%eth0":             {false, false},
		"fd00:ec2::254":            {false, false},
		"100.100.100.200":          {false, false},
		"168.63.129.16":            {false, false},
		"0.0.0.0":                  {false, false},
		"::":                       {false, false},
		"224.0.0.1":                {false, false},
		"255.255.255.255":          {false, false},
	} {
		a := netip.MustParseAddr(addr)
		if got := (Guard{}).allows(a); got != want.byDefault {
			t.Errorf("%s: allowed %v by default, want %v", addr, got, want.byDefault)
		}
		if got := (Guard{RefusePrivate: true}).allows(a); got != want.strict {
			t.Errorf("%s: allowed %v where private addresses are refused, want %v", addr, got, want.strict)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "nonsense": 0, "90": 90 * time.Second, "99999999": 24 * time.Hour, "99999999999999999999": 0,
		"Fri, 20 Nov 2026 10:02:00 GMT": 2 * time.Minute, "Fri, 20 Nov 2020 10:02:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("Retry-After %q gives %v, want %v", v, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ name, got, want string }{
		{"clean", Clean("a\x00b\x1b[31mc\u202ed\ue000\xffe\n\tf"), "ab[31mcd\ue000e\n\tf"},
		{"line", Line(" a\r\n\tb  c "), "a b c"},
		{"link", Inert("see https://x.example and www.x.example"), "see https:\u200b//x.example and www.\u200bx.example"},
		{"mention", Inert("@all a@b.c @"), "@\u200ball a@\u200bb.c @"},
		{"time stays", Inert("10:00:05 node:disk"), "10:00:05 node:disk"},
		{"clip", Clip("磁盘已满了", 3), "磁盘…"},
		{"clip nothing", Clip("abc", 3), "abc"},
		{"clip to none", Clip("abc", 0), ""},
		{"bytes", ClipBytes("磁盘已满", 10), "磁盘…"},
		{"no room", ClipBytes("磁盘已满", 2), ""},
		{"wide", Wide("# <a>\n- b"), "＃ ＜a＞ - b"},
		{"wide list", Wide("- b"), "\u200b- b"},
		{"good link", Link("https://t.example/incidents/inc-1?x=1"), "https://t.example/incidents/inc-1?x=1"},
		{"script", Link("javascript:alert(1)"), ""},
		{"link that ends", Link("https://t.example/)x"), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("@all https://x \xff\u202e www.x", 5)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(0, min(n, 1000))
		inert := Inert(s)
		if !utf8.ValidString(inert) || strings.Contains(inert, "://") || strings.ContainsAny(inert, "\x00\x1b\u202e") {
			t.Errorf("Inert(%q) = %q", s, inert)
		}
		if Clean(inert) != Clean(s) {
			t.Errorf("Inert changed what %q reads", s)
		}
		if got := Clip(inert, n); utf8.RuneCountInString(got) > n {
			t.Errorf("Clip to %d gave %d", n, utf8.RuneCountInString(got))
		}
		if got := ClipBytes(inert, n); len(got) > n || !utf8.ValidString(got) {
			t.Errorf("ClipBytes to %d gave %q", n, got)
		}
	})
}
