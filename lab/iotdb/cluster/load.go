package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// Load is work for a lab: clients that write and read over REST, each in turn on
// every DataNode. Zero fields take the defaults.
type Load struct {
	Clients int           // at once; 0: 4
	Rate    float64       // requests a second of all clients together; 0: as many as go
	Rows    int           // of one write; 0: 50
	Reads   int           // of 100 requests, so many read; 0: 20; negative: none
	For     time.Duration // 0: until ctx ends
	Every   time.Duration // between reports; 0: 5 s
	Report  func(Tally)   // may be nil
}

// Tally is what a load did in a while.
type Tally struct {
	Took          time.Duration
	Writes, Reads int
	Failed        int
	P50, P95, Max time.Duration // of what succeeded
	LastError     string        // empty: none
}

// Rate is how many requests succeeded a second.
func (t *Tally) Rate() float64 { return float64(t.Writes+t.Reads) / t.Took.Seconds() }

// the devices of a load: so many lines, devices of a line and measurements of a
// device, below root.plant.
const lines, devices, sensors = 4, 8, 10

// counter counts what clients did.
type counter struct {
	mu    sync.Mutex
	begun time.Time
	t     Tally
	took  []time.Duration
}

func (c *counter) add(read bool, took time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.t.Failed++
		c.t.LastError = err.Error()
		return
	case read:
		c.t.Reads++
	default:
		c.t.Writes++
	}
	c.took = append(c.took, took)
}

// take returns the tally so far and starts anew.
func (c *counter) take() Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.t
	t.Took = time.Since(c.begun)
	if n := len(c.took); n > 0 {
		slices.Sort(c.took)
		t.P50, t.P95, t.Max = c.took[n/2], c.took[n*95/100], c.took[n-1]
	}
	c.begun, c.t, c.took = time.Now(), Tally{}, nil
	return t
}

// Run puts the load on the lab until its time is over or ctx ends. Requests that
// fail are counted.
func (p *Plan) Run(ctx context.Context, l Load) {
	or(&l.Clients, 4)
	or(&l.Rows, 50)
	or(&l.Reads, 20)
	or(&l.Every, 5*time.Second)
	if l.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.For)
		defer cancel()
	}
	pace := rate.NewLimiter(rate.Inf, 1)
	if l.Rate > 0 {
		pace = rate.NewLimiter(rate.Limit(l.Rate), l.Clients)
	}
	count := &counter{begun: time.Now()}
	var g errgroup.Group
	for k := range l.Clients {
		g.Go(func() error {
			p.work(ctx, l, k, pace, count)
			return nil
		})
	}
	for wait(ctx, l.Every) == nil {
		if t := count.take(); l.Report != nil {
			l.Report(t)
		}
	}
	_ = g.Wait() // they return no error
}

// work is one client.
func (p *Plan) work(ctx context.Context, l Load, k int, pace *rate.Limiter, count *counter) {
	urls := p.REST()
	for i := 0; pace.Wait(ctx) == nil; i++ { // else the time is over, or would be
		c := client{url: urls[(i+k)%len(urls)]}
		read := l.Reads > 0 && i*37%100 < l.Reads
		begun := time.Now()
		err := request(ctx, c, l, i*l.Clients+k, read)
		if ctx.Err() != nil {
			return
		}
		count.add(read, time.Since(begun), err)
		if err != nil && wait(ctx, 50*time.Millisecond) != nil { // a node that refuses at once is not to be hammered
			return
		}
	}
}

// request is request i of a load.
func request(ctx context.Context, c client, l Load, i int, read bool) error {
	device := fmt.Sprintf("root.plant.line%d.d%d", i%lines, i/lines%devices)
	if read {
		sql := fmt.Sprintf("select last s%d from %s", i%sensors, device)
		if i%7 == 0 {
			sql = fmt.Sprintf("select avg(s1), max_value(s2) from %s where time > now() - 10m group by ([now() - 10m, now()), 1m)", device)
		}
		_, err := c.query(ctx, sql)
		return err
	}
	w := Tablet{Device: device}
	end := time.Now().UnixMilli()
	for r := range l.Rows {
		w.Timestamps = append(w.Timestamps, end-int64(l.Rows-r))
	}
	for s := range sensors {
		w.Measurements = append(w.Measurements, fmt.Sprintf("s%d", s))
		w.Types = append(w.Types, "DOUBLE")
		col := make([]float64, l.Rows)
		for r := range col {
			col[r] = math.Round(1000*math.Sin(float64(w.Timestamps[r]%60000)/9549+float64(s))) / 1000
		}
		w.Values = append(w.Values, col)
	}
	_, err := c.post(ctx, "/rest/v2/insertTablet", &w)
	return err
}

// Tablet is a write of many rows of one device.
type Tablet struct {
	Timestamps   []int64     `json:"timestamps"` // milliseconds
	Measurements []string    `json:"measurements"`
	Types        []string    `json:"data_types"` // of the measurements, as DOUBLE
	Values       [][]float64 `json:"values"`     // [measurement][row]
	Aligned      bool        `json:"is_aligned"`
	Device       string      `json:"device"`
}

// Insert writes rows through the first DataNode that takes them.
func (p *Plan) Insert(ctx context.Context, t *Tablet) error {
	return p.first(ctx, "/rest/v2/insertTablet", t)
}

// Do runs a statement without a result, as CREATE USER, as root.
func (p *Plan) Do(ctx context.Context, sql string) error {
	return p.first(ctx, "/rest/v2/nonQuery", map[string]string{"sql": sql})
}

func (p *Plan) first(ctx context.Context, path string, body any) error {
	var failed error
	for _, url := range p.REST() {
		if _, failed = (client{url: url}).post(ctx, path, body); failed == nil {
			return nil
		}
	}
	return failed
}
