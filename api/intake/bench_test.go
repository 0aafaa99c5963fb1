package intake_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"triagent/connectors"
	"triagent/store/storetest"
)

// BenchmarkTake has 64 callers, each with one alert a call, on SQLite with
// every commit on disk: "repeats" are of 1,000 alerts, "new" are all distinct,
// on 200 nodes.
func BenchmarkTake(b *testing.B) {
	for _, kind := range []string{"repeats", "new"} {
		b.Run(kind, func(b *testing.B) {
			c := newClock()
			in := start(b, storetest.SQLite(b), c)
			base := c.now()
			make1 := func(n int64) connectors.Alert {
				return connectors.Alert{
					Source: "alertmanager", Name: "Slow", Starts: base,
					Labels: map[string]string{"alertname": "Slow", "n": fmt.Sprint(n), "instance": fmt.Sprintf("n%d:9100", n%200), "cluster": "s", "severity": "warning"},
				}
			}
			for n := range int64(1000) {
				take(b, in, make1(n))
			}
			var next atomic.Int64
			b.SetParallelism(32) // times 2 processors
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := next.Add(1)
					if kind == "repeats" {
						n %= 1000
					} else {
						n += 1000
					}
					if _, err := in.Take(b.Context(), []connectors.Alert{make1(n)}); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "alerts/s")
		})
	}
}

// BenchmarkLoad reads 2,000 open incidents at start.
func BenchmarkLoad(b *testing.B) {
	c := newClock()
	s := storetest.SQLite(b)
	var list []connectors.Alert
	for n := range 2000 {
		list = append(list, alert(c.now(), fmt.Sprintf("Slow node-%d", n)))
	}
	take(b, start(b, s, c), list...)
	for b.Loop() {
		if err := start(b, s, c).Load(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
