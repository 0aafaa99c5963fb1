package pool_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"triagent/internal/errs"
	"triagent/llm"
	"triagent/llm/pool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// model answers after a time that may change from question to question. Time in
// these tests is that of synctest: nobody waits.
type model struct {
	name string
	take func() time.Duration
	fail func() error

	mu           sync.Mutex
	asked        int
	inside, most int
}

func (m *model) Ask(ctx context.Context, _ llm.Question) (llm.Answer, error) {
	m.mu.Lock()
	m.asked++
	m.inside++
	m.most = max(m.most, m.inside)
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.inside--
	}()
	used := llm.Usage{Calls: 1}
	if m.take != nil {
		select {
		case <-time.After(m.take()):
		case <-ctx.Done():
			return llm.Answer{Usage: used}, context.Cause(ctx)
		}
	}
	if m.fail != nil {
		if err := m.fail(); err != nil {
			return llm.Answer{Usage: used}, err
		}
	}
	return llm.Answer{Text: m.name, Endpoint: m.name, Usage: used}, nil
}

func second() time.Duration { return time.Second }

func fails(why llm.Why, after time.Duration) func() error {
	return func() error {
		return &llm.Failure{Why: why, After: after, Endpoint: "x", Err: errs.New(errs.Unavailable, "it fails")}
	}
}

func members(n int, each func(int, *model, *pool.Member)) ([]*model, []pool.Member) {
	models, all := make([]*model, n), make([]pool.Member, n)
	for i := range models {
		models[i] = &model{name: fmt.Sprintf("m%d", i), take: second}
		all[i] = pool.Member{Name: models[i].name, Model: models[i], AtOnce: 100}
		if each != nil {
			each(i, models[i], &all[i])
		}
	}
	return models, all
}

func open(t *testing.T, s pool.Settings, all []pool.Member) *pool.Pool {
	t.Helper()
	p, err := pool.New(s, all)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ask puts n questions to a pool, one every gap, and returns how long each took.
func ask(t *testing.T, p *pool.Pool, n int, gap time.Duration, affinity func(int) string) (times []time.Duration, failed int) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		q := llm.Question{User: "q"}
		if affinity != nil {
			q.Incident = affinity(i)
		}
		wg.Go(func() {
			begun := time.Now()
			_, err := p.Ask(t.Context(), q)
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Since(begun))
			if err != nil {
				failed++
			}
		})
		time.Sleep(gap)
	}
	wg.Wait()
	slices.Sort(times)
	return times, failed
}

func shares(models []*model) (out []float64) {
	sum := 0
	for _, m := range models {
		sum += m.asked
	}
	for _, m := range models {
		out = append(out, float64(m.asked)/float64(sum))
	}
	return out
}

// TestDistribution shows where each strategy sends 4,000 questions that come
// 25 ms apart: members 0 to 3 have the weights 1 to 4 and take 1 to 4 s.
func TestDistribution(t *testing.T) {
	incidents := func(i int) string { return fmt.Sprintf("inc-%d", i/8) }
	for _, tt := range []struct {
		strategy pool.Strategy
		weights  bool
		times    bool
		affinity func(int) string
		want     []float64
		off      float64
	}{
		{pool.RoundRobin, true, true, nil, []float64{.25, .25, .25, .25}, .001},
		{pool.Weighted, true, true, nil, []float64{.1, .2, .3, .4}, .001},
		{pool.LeastConnections, false, true, nil, []float64{.48, .24, .16, .12}, .02}, // who is fast has few waiting
		{pool.LeastConnections, true, false, nil, []float64{.1, .2, .3, .4}, .02},
		{pool.LeastResponseTime, false, true, nil, []float64{.70, .18, .08, .04}, .05}, // load times time alike: 1/time^2
		{pool.ConsistentHash, true, false, incidents, []float64{.1, .2, .3, .4}, .05},
		{pool.Mix, false, false, incidents, []float64{.25, .25, .25, .25}, .05},
	} {
		t.Run(fmt.Sprintf("%s/weights=%v/times=%v", tt.strategy, tt.weights, tt.times), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				models, all := members(4, func(i int, m *model, to *pool.Member) {
					to.AtOnce = 1000
					if tt.weights {
						to.Weight = i + 1
					}
					if tt.times {
						m.take = func() time.Duration { return time.Duration(i+1) * time.Second }
					}
				})
				p := open(t, pool.Settings{Strategy: tt.strategy, Hedge: -1}, all)
				if _, failed := ask(t, p, 4000, 25*time.Millisecond, tt.affinity); failed > 0 {
					t.Errorf("%d failed", failed)
				}
				got := shares(models)
				t.Logf("shares %.3f", got)
				for i := range got {
					if math.Abs(got[i]-tt.want[i]) > tt.off {
						t.Errorf("shares %.3f, want %.3f", got, tt.want)
						break
					}
				}
			})
		})
	}
}

// TestHashMoves takes one of n endpoints away: the questions of the others stay
// where they were, so at most 1/n + 5 % of all move.
func TestHashMoves(t *testing.T) {
	for _, n := range []int{2, 4, 10} {
		home := func(all []pool.Member) map[string]string {
			p := open(t, pool.Settings{Strategy: pool.ConsistentHash}, all)
			out := map[string]string{}
			for i := range 2000 {
				key := fmt.Sprintf("inc-%d", i)
				a, err := p.Ask(t.Context(), llm.Question{Incident: key})
				if err != nil {
					t.Fatal(err)
				}
				out[key] = a.Endpoint
			}
			return out
		}
		_, all := members(n, func(_ int, m *model, _ *pool.Member) { m.take = nil })
		before, after := home(all), home(all[1:])
		moved := 0
		for key, at := range before {
			if after[key] != at {
				moved++
				if at != "m0" {
					t.Errorf("%s moved from %s, which is still there", key, at)
				}
			}
		}
		share := float64(moved) / float64(len(before))
		t.Logf("n=%d: %.3f moved", n, share)
		if share > 1/float64(n)+.05 || share < 1/float64(n)-.05 {
			t.Errorf("n=%d: %.3f of the questions moved", n, share)
		}
	}
}

// TestHurt has one of four endpoints die, one slow down tenfold and one answer
// 429, for every strategy: no question fails, and p95 is within 1.5 times that of
// four healthy ones.
func TestHurt(t *testing.T) {
	run := func(t *testing.T, strategy pool.Strategy, hurt bool) (p95 time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 1))
			var mu sync.Mutex
			spread := func() time.Duration { // 0.8 to 1.2 s
				mu.Lock()
				defer mu.Unlock()
				return 800*time.Millisecond + time.Duration(rng.IntN(400))*time.Millisecond
			}
			broken := false
			models, all := members(4, func(i int, m *model, to *pool.Member) {
				to.AtOnce = 50
				m.take = func() time.Duration {
					if broken && i == 1 {
						return 10 * spread()
					}
					return spread()
				}
				m.fail = func() error {
					switch {
					case broken && i == 0:
						return fails(llm.Down, 0)()
					case broken && i == 2:
						return fails(llm.Busy, 5*time.Second)()
					}
					return nil
				}
			})
			// A refusal does not take as long as an answer.
			for _, i := range []int{0, 2} {
				take := models[i].take
				models[i].take = func() time.Duration {
					if broken {
						return 5 * time.Millisecond
					}
					return take()
				}
			}
			p := open(t, pool.Settings{Strategy: strategy}, all)
			ask(t, p, 100, 100*time.Millisecond, func(i int) string { return fmt.Sprint(i / 4) }) // all well
			broken = hurt
			times, failed := ask(t, p, 600, 100*time.Millisecond, func(i int) string { return fmt.Sprint(i / 4) })
			if failed > 0 {
				t.Errorf("%d of %d failed", failed, len(times))
			}
			p95 = times[len(times)*95/100]
		})
		return p95
	}
	for _, s := range pool.Strategies {
		t.Run(string(s), func(t *testing.T) {
			well, hurt := run(t, s, false), run(t, s, true)
			t.Logf("p95 %v healthy, %v hurt", well, hurt)
			if hurt > well*3/2 {
				t.Errorf("p95 %v, healthy %v", hurt, well)
			}
		})
	}
}

// TestPatience waits as long as the only endpoint asks, and no longer.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		_, all := members(1, func(_ int, m *model, _ *pool.Member) {
			m.fail = func() error {
				if n++; n == 1 {
					return fails(llm.Busy, 7*time.Second)()
				}
				return nil
			}
		})
		begun := time.Now()
		a, err := open(t, pool.Settings{}, all).Ask(t.Context(), llm.Question{})
		if took := time.Since(begun); err != nil || took != 9*time.Second || a.Wall != took || a.Usage.Calls != 2 {
			t.Errorf("%+v %v after %v, want an answer after 1 + 7 + 1 s", a, err, took)
		}
	})
}

// TestNobody ends with what each endpoint said, soon where waiting is no use.
func TestNobody(t *testing.T) {
	for _, tt := range []struct {
		why   llm.Why
		after time.Duration
		calls int
		took  time.Duration
	}{
		{llm.Down, 0, 3, 4*time.Second - 400*time.Millisecond}, // three tries with .2 and .4 s between
		{llm.Refused, 0, 1, time.Second},
		{llm.TooLong, 0, 1, time.Second},
		{llm.Busy, time.Hour, 1, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, all := members(1, func(_ int, m *model, _ *pool.Member) { m.fail = fails(tt.why, tt.after) })
			begun := time.Now()
			a, err := open(t, pool.Settings{}, all).Ask(t.Context(), llm.Question{})
			if llm.WhyOf(err) != tt.why || a.Usage.Calls != tt.calls || !strings.Contains(err.Error(), "it fails") {
				t.Errorf("%s: %v, usage %+v, want %d calls", tt.why, err, a.Usage, tt.calls)
			}
			if took := time.Since(begun); took != tt.took {
				t.Errorf("%s: after %v, want %v", tt.why, took, tt.took)
			}
		})
	}
}

// TestSpent asks nobody else where the answer would be the same.
func TestSpent(t *testing.T) {
	models, all := members(2, func(_ int, m *model, _ *pool.Member) { m.take, m.fail = nil, fails(llm.Spent, 0) })
	if _, err := open(t, pool.Settings{}, all).Ask(t.Context(), llm.Question{}); llm.WhyOf(err) != llm.Spent {
		t.Error(err)
	}
	if n := models[0].asked + models[1].asked; n != 1 {
		t.Errorf("%d were asked", n)
	}
}

// TestBounds keeps within at_once and per_minute, with more questions than that.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		models, all := members(2, func(i int, _ *model, to *pool.Member) {
			to.AtOnce = 3
			if i == 1 {
				to.PerMinute = 6
			}
		})
		if _, failed := ask(t, open(t, pool.Settings{Strategy: pool.RoundRobin}, all), 60, 0, nil); failed > 0 {
			t.Errorf("%d failed", failed)
		}
		if models[0].most != 3 || models[1].most != 3 {
			t.Errorf("at once %d and %d, want 3", models[0].most, models[1].most)
		}
		if models[1].asked > 9 { // 6 at once, and one every 10 s of some 20
			t.Errorf("%d were asked of 6 a minute", models[1].asked)
		}
	})
}

// TestGone ends with its caller, who waits for a slot or for an answer.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, all := members(1, func(_ int, m *model, to *pool.Member) {
			to.AtOnce = 1
			m.take = func() time.Duration { return time.Hour }
		})
		p := open(t, pool.Settings{}, all)
		gone := errors.New("the incident was closed")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, gone)
		defer cancel()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := p.Ask(ctx, llm.Question{}); !errors.Is(err, gone) {
					t.Errorf("error %v", err)
				}
			})
		}
		wg.Wait()
		if s := p.State()[0]; s.InFlight != 0 || s.State != pool.Ready {
			t.Errorf("afterwards %+v", s)
		}
	})
}

func TestState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, all := members(3, func(i int, m *model, _ *pool.Member) {
			switch i {
			case 0:
				m.fail = fails(llm.Refused, 0)
			case 2:
				m.take = func() time.Duration { return 10 * time.Second }
			}
		})
		p := open(t, pool.Settings{Strategy: pool.RoundRobin, Hedge: -1}, all)
		ask(t, p, 9, 20*time.Second, nil)
		got := p.State()
		if got[0].State != pool.Resting || got[0].Failed == 0 || got[0].Last == "" || got[0].Until.IsZero() {
			t.Errorf("refused: %+v", got[0])
		}
		if got[1].State != pool.Ready || got[1].Usual != time.Second {
			t.Errorf("well: %+v", got[1])
		}
		if got[2].State != pool.Behind {
			t.Errorf("slow: %+v", got[2])
		}
	})
}

func TestNew(t *testing.T) {
	_, two := members(2, func(_ int, _ *model, to *pool.Member) { to.Name = "same" })
	_, one := members(1, nil)
	for name, err := range map[string]error{
		"nobody":   func() error { _, err := pool.New(pool.Settings{}, nil); return err }(),
		"twice":    func() error { _, err := pool.New(pool.Settings{}, two); return err }(),
		"strategy": func() error { _, err := pool.New(pool.Settings{Strategy: "best"}, one); return err }(),
		"tries":    func() error { _, err := pool.New(pool.Settings{Tries: -1}, one); return err }(),
		"hedge":    func() error { _, err := pool.New(pool.Settings{Hedge: math.NaN()}, one); return err }(),
	} {
		if errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
