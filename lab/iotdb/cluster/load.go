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

// Load is work for a lab: clients that write and read over Thrift, as IoTDB's own
// do, each in turn on every DataNode. Zero fields take the defaults.
type Load struct {
	Clients int           // at once; 0: 4
	Rate    float64       // requests a second of all clients together; 0: as many as go
	Rows    int           // of one write; 0: 50
	Reads   int           // of 100 requests, so many read; 0: 20; negative: none
	For     time.Duration // 0: until ctx ends
	REST    bool          // over REST, which goes past the metrics of client calls
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

// worker is one client.
type worker struct {
	load     Load
	nodes    []Node
	sessions map[string]*session // over Thrift, by name of node
}

// work is what client k does.
func (p *Plan) work(ctx context.Context, l Load, k int, pace *rate.Limiter, count *counter) {
	w := &worker{load: l, sessions: make(map[string]*session)}
	for _, n := range p.Nodes() {
		if n.Data {
			w.nodes = append(w.nodes, n)
		}
	}
	defer func() {
		for _, s := range w.sessions {
			s.close()
		}
	}()
	for i := 0; pace.Wait(ctx) == nil; i++ { // else the time is over, or would be
		read := l.Reads > 0 && i*37%100 < l.Reads
		begun := time.Now()
		err := w.request(ctx, &w.nodes[(i+k)%len(w.nodes)], i*l.Clients+k, read)
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
func (w *worker) request(ctx context.Context, n *Node, i int, read bool) error {
	device := fmt.Sprintf("root.plant.line%d.d%d", i%lines, i/lines%devices)
	sql, t := "", (*Tablet)(nil)
	switch {
	case !read:
		t = w.tablet(device)
	case i%7 == 0:
		sql = fmt.Sprintf("select avg(s1), max_value(s2) from %s where time > now() - 10m group by ([now() - 10m, now()), 1m)", device)
	default:
		sql = fmt.Sprintf("select last s%d from %s", i%sensors, device)
	}
	if w.load.REST {
		c := client{url: "http://" + n.At(n.REST())}
		if read {
			_, err := c.query(ctx, sql)
			return err
		}
		_, err := c.post(ctx, "/rest/v2/insertTablet", t)
		return err
	}
	return w.overThrift(ctx, n, sql, t)
}

// overThrift writes t, or runs sql if there is none.
func (w *worker) overThrift(ctx context.Context, n *Node, sql string, t *Tablet) error {
	s := w.sessions[n.Name]
	if s == nil {
		var err error
		if s, err = dial(ctx, n.At(n.RPC())); err != nil {
			return err
		}
		w.sessions[n.Name] = s
	}
	var err error
	if t != nil {
		err = s.insert(ctx, t)
	} else {
		err = s.query(ctx, sql)
	}
	if err != nil {
		s.close()
		delete(w.sessions, n.Name)
	}
	return err
}

// tablet is a write of the moment's values.
func (w *worker) tablet(device string) *Tablet {
	t := &Tablet{Device: device}
	end := time.Now().UnixMilli()
	for r := range w.load.Rows {
		t.Timestamps = append(t.Timestamps, end-int64(w.load.Rows-r))
	}
	for s := range sensors {
		t.Measurements = append(t.Measurements, fmt.Sprintf("s%d", s))
		t.Types = append(t.Types, "DOUBLE")
		col := make([]float64, w.load.Rows)
		for r := range col {
			col[r] = math.Round(1000*math.Sin(float64(t.Timestamps[r]%60000)/9549+float64(s))) / 1000
		}
		t.Values = append(t.Values, col)
	}
	return t
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
