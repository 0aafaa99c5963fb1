package perturb

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"triagent/telemetry"
)

// sayings are what noise says; %d and %s are filled in.
var sayings = []string{
	"ticker %d fired, next in %d ms", "rotated buffer %s after %d bytes", "probe %s answered in %d us",
	"renewed ticket %s for %d s", "pool %s holds %d idle slots", "swept %d entries older than %d s",
	"snapshot %s skipped, nothing new since %d", "cursor %s moved by %d", "budget of %s is %d",
	"greeting from %s with %d words", "palette %s loaded, %d colours", "ledger page %d of %d copied",
}

// record is where a log record stands, and when it was written.
type record struct {
	line int
	at   int64
}

// noiseLogs adds as many lines as a node has records, spread evenly over the
// time in which it logs, minute by minute, so that their rate never changes
// where the node's own does. One in ten is a warning.
func noiseLogs(ctx context.Context, c Case, rng *rand.Rand, to *Change) error {
	files := map[string][]record{}
	err := c.Bundle.Logs(ctx, nil, func(r *telemetry.Record) error {
		if r.Time != 0 {
			files[r.File] = append(files[r.File], record{r.Line, r.Time})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range c.Bundle.Members() {
		list := files[m]
		if len(list) == 0 {
			continue
		}
		extra := spread(list, rng)
		seed := rng.Uint64()
		to.Edits[m] = func(r io.Reader, w io.Writer) error {
			return weave(r, w, list, extra, noiseWriter(inJSON(m), c.Bundle.LogZone, seed))
		}
	}
	return nil
}

// spread draws as many times as there are records: the stretch of every minute
// that holds any gets a share by its length.
func spread(list []record, rng *rand.Rand) []int64 {
	type stretch struct{ from, to int64 }
	first, last := list[0].at, list[0].at
	for _, r := range list {
		first, last = min(first, r.at), max(last, r.at)
	}
	seen := map[int64]bool{}
	var parts []stretch
	whole := int64(0)
	for _, r := range list {
		m := r.at / int64(time.Minute)
		if seen[m] {
			continue
		}
		seen[m] = true
		p := stretch{max(first, m*int64(time.Minute)), min(last+1, (m+1)*int64(time.Minute))}
		parts = append(parts, p)
		whole += p.to - p.from
	}
	var out []int64
	for range list {
		at := rng.Int64N(whole)
		for _, p := range parts {
			if d := p.to - p.from; at >= d {
				at -= d
				continue
			}
			out = append(out, p.from+at)
			break
		}
	}
	slices.Sort(out)
	return out
}

// weave writes a log with noise before the first record that is later.
func weave(r io.Reader, to io.Writer, list []record, extra []int64, write func(w io.Writer, at int64) error) error {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b record) int { return cmp.Compare(a.line, b.line) })
	in, w := bufio.NewReaderSize(r, 1<<18), bufio.NewWriterSize(to, 1<<18)
	next := 0
	for n := 1; ; n++ {
		line, rerr := in.ReadString('\n')
		if next < len(list) && list[next].line == n {
			for len(extra) > 0 && extra[0] <= list[next].at {
				if err := write(w, extra[0]); err != nil {
					return err
				}
				extra = extra[1:]
			}
			next++
		}
		if rerr != nil && line != "" {
			line = strings.TrimSuffix(line, "\n") + "\n"
		}
		if _, err := w.WriteString(line); err != nil {
			return err
		}
		if errors.Is(rerr, io.EOF) {
			break
		}
		if rerr != nil {
			return rerr
		}
	}
	for _, at := range extra {
		if err := write(w, at); err != nil {
			return err
		}
	}
	return w.Flush()
}

// noiseWriter writes one line of noise, as an object or as a line of text.
func noiseWriter(asJSON bool, zone *time.Location, seed uint64) func(w io.Writer, at int64) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	return func(w io.Writer, at int64) error {
		text := sayings[rng.IntN(len(sayings))]
		for _, verb := range []string{"%s", "%d", "%d"} {
			v := fmt.Sprint(rng.IntN(10000))
			if verb == "%s" {
				v = nonsense(rng.Uint64(), "")[:8]
			}
			text = strings.Replace(text, verb, v, 1)
		}
		level := "INFO"
		if rng.IntN(10) == 0 {
			level = "WARN"
		}
		if asJSON {
			line, err := json.Marshal(map[string]any{"time": at, "level": level, "body": text})
			if err != nil {
				return err
			}
			_, err = w.Write(append(line, '\n'))
			return err
		}
		_, err := fmt.Fprintf(w, "%s [noise-%d] %-5s n.o.i.Chatter:%d - %s\n", time.Unix(0, at).In(zone).Format("2006-01-02 15:04:05,000"), rng.IntN(8), level, 10+rng.IntN(9), text)
		return err
	}
}
