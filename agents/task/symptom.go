package task

import (
	"math"
	"slices"

	"triagent/knowledge"
)

// Symptoms say that something is wrong, and hardly where: when calls are slow
// and fail all over, the fault may be anywhere, but it is there.
const (
	symptomCount  = 4   // strongest symptoms that count
	symptomUsual  = 0.9 // their sum up to which it is a busy hour
	symptomWeight = 1.6 // log-odds for each unit above
)

// Some stretch of a run always stands out most. How much it does says whether
// anything happened: of quiet stretches of recordings of a database, as long as
// those with a fault, three in four stay below apartUsual.
const (
	apartUsual  = 10.0 // log likelihood ratio
	apartWeight = 1.0  // log-odds for each e-fold above
)

// wrong is what says that something is wrong and not where, in log-odds of at
// least 0: symptoms (a sum of strengths), and a window found that stands apart
// (see FindWindow).
func wrong(symptoms, apart float64) float64 {
	return symptomWeight*math.Max(0, symptoms-symptomUsual) + apartWeight*math.Log(math.Max(1, apart/apartUsual))
}

// symptoms is the sum of the strongest external signals gone bad, of whatever
// node, without regard to how many nodes show them: one a signal.
func (b *board) symptoms() float64 {
	var tops []float64
	for _, m := range b.moves() {
		info, _ := b.base.Signal(m.signal)
		if info.Nature != knowledge.ExternalNature || info.Bad == "" || m.dir != info.Bad {
			continue
		}
		top := 0.0
		for _, s := range b.sights[m] {
			top = math.Max(top, math.Min(most, s.strength)*info.Weight)
		}
		tops = append(tops, top)
	}
	slices.Sort(tops)
	slices.Reverse(tops)
	var sum float64
	for _, v := range tops[:min(symptomCount, len(tops))] {
		sum += v
	}
	return sum
}
