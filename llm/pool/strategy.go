package pool

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/zeebo/xxh3"

	"triagent/llm"
)

// Strategy is a way to pick an endpoint.
type Strategy string

// The strategies.
const (
	RoundRobin        Strategy = "round_robin"
	Weighted          Strategy = "weighted"            // by weight, evenly spread (smooth weighted round robin)
	LeastConnections  Strategy = "least_connections"   // fewest questions waiting, by weight
	LeastResponseTime Strategy = "least_response_time" // waiting questions times the usual time of one
	ConsistentHash    Strategy = "consistent_hash"     // the same for the same incident
	Mix               Strategy = "mix"                 // consistent hashing with bounded loads, then least response time
)

// Strategies are all of them.
var Strategies = []Strategy{Mix, RoundRobin, Weighted, LeastConnections, LeastResponseTime, ConsistentHash}

// picker puts all members in the order in which a question is to be put to them.
// It is safe for concurrent use.
type picker func(q llm.Question) []*member

var pickers = map[Strategy]func([]*member) picker{
	"": mix, Mix: mix, RoundRobin: roundRobin, Weighted: weighted, LeastConnections: leastConnections,
	LeastResponseTime: leastResponseTime, ConsistentHash: consistentHash,
}

func roundRobin(all []*member) picker {
	var mu sync.Mutex
	next := 0
	return func(llm.Question) []*member {
		mu.Lock()
		defer mu.Unlock()
		k := next % len(all)
		next++
		return slices.Concat(all[k:], all[:k])
	}
}

// weighted is the smooth weighted round robin of nginx: every member gains its
// weight, the richest is taken and pays the sum.
func weighted(all []*member) picker {
	var mu sync.Mutex
	credit := make(map[*member]int, len(all))
	return func(llm.Question) []*member {
		mu.Lock()
		defer mu.Unlock()
		sum := 0
		for _, m := range all {
			credit[m] += m.Weight
			sum += m.Weight
		}
		order := slices.Clone(all)
		slices.SortStableFunc(order, func(a, b *member) int { return cmp.Compare(credit[b], credit[a]) })
		credit[order[0]] -= sum
		return order
	}
}

// by orders members by a cost, the lower first. Equals take turns.
func by(all []*member, cost func(*member) float64) picker {
	turn := roundRobin(all)
	return func(q llm.Question) []*member {
		order := turn(q)
		costs := make(map[*member]float64, len(order))
		for _, m := range order {
			costs[m] = cost(m)
		}
		slices.SortStableFunc(order, func(a, b *member) int { return cmp.Compare(costs[a], costs[b]) })
		return order
	}
}

func leastConnections(all []*member) picker {
	return by(all, func(m *member) float64 { return float64(m.load()+1) / float64(m.Weight) })
}

// leastResponseTime expects a question to take the usual time for each that
// waits and for itself. Who has not answered yet is expected to be fast, so that
// it is asked.
func leastResponseTime(all []*member) picker {
	return by(all, func(m *member) float64 { return m.usual().Seconds() * float64(m.load()+1) / float64(m.Weight) })
}

// consistentHash is weighted rendezvous hashing (Thaler and Ravishankar 1998;
// weights: Schindelhauer and Schomaker 2005): a question goes to the member for
// which -weight/ln(hash of both) is highest. When one of n leaves, only what it
// had moves. Questions about none take turns.
func consistentHash(all []*member) picker {
	turn := roundRobin(all)
	return func(q llm.Question) []*member {
		if q.Incident == "" {
			return turn(q)
		}
		order := slices.Clone(all)
		scores := make(map[*member]float64, len(all))
		for _, m := range all {
			scores[m] = rendezvous(m.Name, q.Incident, m.Weight)
		}
		slices.SortStableFunc(order, func(a, b *member) int { return cmp.Compare(scores[b], scores[a]) })
		return order
	}
}

func rendezvous(name, incident string, weight int) float64 {
	h := xxh3.HashString(name + "\x00" + incident)
	u := (float64(h>>11) + .5) / (1 << 53) // in (0, 1)
	return -float64(weight) / math.Log(u)
}

// crowd is how many times its share of all waiting questions a member takes of
// those that hashing sends it.
const crowd = 1.25

// mix sends a question where its incident went before, unless that member has
// more than its share to do (consistent hashing with bounded loads, Mirrokni,
// Thorup and Zadimoghaddam 2018), and from there on by expected time.
func mix(all []*member) picker {
	home, fast := consistentHash(all), leastResponseTime(all)
	return func(q llm.Question) []*member {
		order := fast(q)
		if q.Incident == "" {
			return order
		}
		waiting, weights := 1, 0
		for _, m := range all {
			waiting += m.load()
			weights += m.Weight
		}
		for _, m := range home(q) {
			share := math.Ceil(crowd * float64(waiting) * float64(m.Weight) / float64(weights))
			if float64(m.load()+1) <= share {
				k := slices.Index(order, m)
				return slices.Concat([]*member{m}, order[:k], order[k+1:])
			}
		}
		return order
	}
}
