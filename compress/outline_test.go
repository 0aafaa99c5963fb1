package compress

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

var outlined = []string{
	"0@group-000000000000->1: nextIndex: updateIncreasingly 27 -> 28 ",
	"[id: 0x8e069506, L:/172.20.0.10:43988 - R:172.20.0.11/172.20.0.11:10720] bytes=00000000900a1e",
	`size 5 KB "a b 12345 c d e f" k="v 1 w" msg="x 22"`, `a=\"b 1 c 2 d 3 e 4 f 5 g 6\" h`,
	" ff:0a:1b:cc http://x.org:80/y?z=1,2). C:\\a\\12\\b", "UTF-8 sha256 h264 L1 L12 x86_64 int8 log4j t1=3 t1234=5",
	"2023-10-27 20:56:50,020 2023/10/27 12-10-27 1.5.22 -1 --12 +3 #47:OK-t1 core.2275 Server@1c9a5d5",
	"blk_123456 blk_99, blk_1234, blk_98 /a/b/12/c=3 1, 2, 3, 4, 5, 6, 7, 8, 9, 10", "ab:12:34 ab:1z:0x a1:22:3 1:2 12:34:5",
	"was tls2 and int9 or md4", "[Server@1c9a5d5 pq Server@1c9a5d5", "Ümlaut ³²¹ 12ü3 \x00\x01 5\x006 \x80\xff7", "jk2_init() md4 tls2 int9 L9 sha1 t12=1 utf7 12ab-10-27",
}

// TestOutlineTells hashes messages that have one outline, or nearly so, by
// turns with what they are changed to.
func TestOutlineTells(t *testing.T) {
	x := newHasher(new(outlines))
	for _, line := range outlined {
		for pad := range 8 { // words of eight bytes are counted from the end
			b := []byte(line + strings.Repeat("|", pad))
			for i, was := range b[:len(line)] {
				for _, c := range []byte("0179afgzAZ-.:\" \\") {
					b[i] = c
					sameHash(t, x, b)
				}
				b[i] = was
			}
		}
	}
}

// apache is a message whose words hold digits, as all of its log do; ratis is one
// of another kind.
func apache(i int) []byte {
	return fmt.Appendf(nil, "jk2_init() Found child %d in scoreboard slot %d", 1000+i%7000, i%10)
}

func ratis(i int) []byte {
	return fmt.Appendf(nil, "0@group-000000000000->1: nextIndex: updateIncreasingly %d -> %d", i, i+1)
}

// Outlines that do not help are left alone, until they do; hashes stay what they are.
func TestOutlinesPause(t *testing.T) {
	x := newHasher(new(outlines))
	tried := func(line func(int) []byte, n int) (looked int) {
		for i := range n {
			b := line(i)
			before := x.pause
			sameHash(t, x, b)
			if x.pause >= before { // else it was scanned at once
				looked++
			}
		}
		return looked
	}
	const n = 20 * (trialLen + trialPause)
	if got := tried(apache, n); got > n/10 {
		t.Errorf("%d of %d messages that outlines do not tell were looked up", got, n)
	}
	if got := tried(ratis, n); got < n-trialPause-trialLen {
		t.Errorf("%d of %d messages that outlines tell were looked up", got, n)
	}
}

// BenchmarkHasher hashes messages that outlines do not tell, and some that they do.
func BenchmarkHasher(b *testing.B) {
	for name, line := range map[string]func(int) []byte{"apache": apache, "ratis": ratis} {
		var lines [4096][]byte
		for i := range lines {
			lines[i] = line(i)
		}
		b.Run(name, func(b *testing.B) {
			x := newHasher(new(outlines))
			for i := 0; b.Loop(); i++ {
				x.hash(lines[i%len(lines)])
			}
		})
		b.Run(name+"/scan", func(b *testing.B) {
			var s scanner
			for i := 0; b.Loop(); i++ {
				s.scan(lines[i%len(lines)])
			}
		})
	}
}

// FuzzHasher holds the hash by outline against that of the scanner, for a
// message and for what becomes of it when its bytes change one by one: a pair of
// change is a place and the byte that is put there, or put in.
func FuzzHasher(f *testing.F) {
	for _, line := range outlined {
		f.Add([]byte(line), []byte{1, '7', 9, 'a', 12, '3', 20, '8', 25, 'f', 31, '2'})
	}
	f.Fuzz(func(t *testing.T, line, change []byte) {
		x, b := newHasher(new(outlines)), bytes.ReplaceAll(line, []byte{'\n'}, nil)
		sameHash(t, x, b)
		for ; len(change) > 1 && len(b) > 0; change = change[2:] {
			i, c := int(change[0])%len(b), change[1]
			switch {
			case c == '\n':
				b = append(b[:i], b[i+1:]...)
			case c >= 0x80:
				b = append(b[:i], append([]byte{c & 0x7f}, b[i:]...)...)
			default:
				b[i] = c
			}
			sameHash(t, x, b)
		}
		for i, c := range b { // all that an outline leaves out
			for _, d := range []byte("09af") {
				if c-'0' <= 9 || class[c]&(isHex|isLetter) != 0 {
					b[i] = d
					sameHash(t, x, b)
				}
			}
			b[i] = c
		}
	})
}

func sameHash(t *testing.T, x *hasher, b []byte) {
	t.Helper()
	var s scanner
	if got, want := x.hash(b), s.scan(b); got != want {
		t.Fatalf("%q: the hash by its outline is %x, scanned %x", b, got, want)
	}
}
