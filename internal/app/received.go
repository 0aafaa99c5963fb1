package app

import (
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"triagent/connectors/otlp/ring"
)

// openReceivers opens what takes data in for the declared systems.
func (s *Service) openReceivers() error {
	for i, sys := range s.set.Systems {
		for k, src := range sys.Sources {
			if src.read.receive == nil {
				continue
			}
			r, err := src.read.receive(s.log)
			if err != nil {
				return fmt.Errorf("system %s: source %s: %w", sys.Name, src.Kind, err)
			}
			s.receivers = append(s.receivers, sender{receiver: r, system: sys.Name, source: s.systems.list[i].Sources[k].Name})
			s.closeWith("receiver", r.Close)
		}
	}
	if len(s.receivers) > 0 {
		s.meter.reg.MustRegister(&received{from: s.receivers, log: s.log})
	}
	return nil
}

// received makes metrics of what receivers took in, at every scrape.
type received struct {
	from []sender
	log  *slog.Logger
}

// sender is whom a receiver takes in for.
type sender struct {
	receiver
	system, source string
}

// The metrics of a receiver. Their labels are the settings' own words.
var (
	receivedItems    = receivedDesc("items_total", "Spans, samples and log records that were kept.", "signal")
	receivedRefused  = receivedDesc("refused_items_total", "Spans, samples and log records that were unfit, of requests that were taken.", "signal")
	receivedDropped  = receivedDesc("dropped_items_total", "Spans, samples and log records that made room for later ones.", "signal")
	receivedBytes    = receivedDesc("ring_bytes", "What the ring holds on disk.")
	receivedRemoved  = receivedDesc("ring_removed_total", "Times that somebody else removed what the ring held.")
	receivedRequests = receivedDesc("requests_total", "Requests of senders, refused ones included.")
	receivedTurned   = receivedDesc("refused_requests_total", "Requests of senders that were refused: told to come again, without the token, not understood or too large.", "reason")
)

func receivedDesc(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("triagent_otlp_"+name, help, append([]string{"system", "source"}, more...), nil)
}

// Describe names the metrics.
func (*received) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{receivedItems, receivedRefused, receivedDropped, receivedBytes, receivedRemoved, receivedRequests, receivedTurned} {
		to <- d
	}
}

// Collect reads the receivers' counts.
func (r *received) Collect(to chan<- prometheus.Metric) {
	for i := range r.from {
		if err := r.from[i].tell(to); err != nil {
			r.log.Warn("what a receiver took in cannot be told", slog.String("source", r.from[i].source), slog.Any("error", err))
		}
	}
}

func (f *sender) tell(to chan<- prometheus.Metric) error {
	s, err := f.Stats()
	if err != nil {
		return err
	}
	count := func(d *prometheus.Desc, v int64, more ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append([]string{f.system, f.source}, more...)...)
	}
	for k := range s.Ring.Added {
		signal := ring.Kind(k).String()
		count(receivedItems, s.Ring.Added[k], signal)
		count(receivedRefused, s.Refused[k], signal)
		count(receivedDropped, s.Ring.Dropped[k], signal)
	}
	count(receivedRemoved, s.Ring.Removed)
	count(receivedRequests, s.Requests)
	for reason, n := range map[string]int64{"busy": s.Busy, "denied": s.Denied, "unfit": s.Unfit} {
		count(receivedTurned, n, reason)
	}
	to <- prometheus.MustNewConstMetric(receivedBytes, prometheus.GaugeValue, float64(s.Ring.Bytes), f.system, f.source)
	return nil
}
