package task

// leastRivalry is what two hypotheses about one node are rivals by though they rest
// on different evidence: one fault shows in many ways more often than there are two.
// From 0 to a half all calibrate better than a whole, which takes them for exclusive;
// 0 makes some wrong answers sure.
const leastRivalry = .25

// share gives each hypothesis, of probabilities that come to all, its share of its own
// and those of its rivals. What rests on other evidence of the same node is hardly a
// rival, since both may hold. None comes nearer to the one that ranks before it than
// before.
func share(h []scored, p []float64, all float64) {
	weights := p
	if len(p) > maxCauses {
		weights = p[:maxCauses]
	}
	told := make([]float64, len(weights))
	for i, w := range weights {
		rivals := all
		for j, o := range weights {
			if j != i && h[j].Node == h[i].Node {
				rivals -= o * (1 - rivalry(&h[i], &h[j]))
			}
		}
		if told[i] = w; rivals > 0 {
			told[i] = max(w, all*w/rivals)
		}
		if i > 0 && weights[i-1] > 0 {
			told[i] = max(w, min(told[i], told[i-1]*w/weights[i-1], told[i-1]))
		}
	}
	copy(p, told)
}

// rivalry is by how much other takes from h, both about one node: the share of what
// speaks for h that speaks for other as well, leastRivalry to 1; 1 where nothing
// speaks for h.
func rivalry(h, other *scored) float64 {
	both, all := 0.0, 0.0
	for _, p := range h.parts {
		if p.weight <= 0 {
			continue
		}
		all += p.weight
		for _, q := range other.parts {
			if q.weight > 0 && q.cite == p.cite {
				both += p.weight
				break
			}
		}
	}
	if all == 0 {
		return 1
	}
	return leastRivalry + (1-leastRivalry)*both/all
}
