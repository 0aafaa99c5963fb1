package score

// Bin is one line of a reliability table.
type Bin struct {
	From     float64 `json:"from"` // confidence, inclusive
	To       float64 `json:"to"`   // exclusive, but for the last bin
	N        int     `json:"n"`
	Mean     float64 `json:"mean_confidence"`
	Accuracy float64 `json:"accuracy"`
}

// Bins is the reliability table: confidence in ten equal bins, empty ones
// included. Rows whose answer cannot be judged (see Row.Held) and those
// without an answer are left out.
func Bins(rows []*Row) []Bin {
	out := make([]Bin, 10)
	for i := range out {
		out[i].From, out[i].To = float64(i)/10, float64(i+1)/10
	}
	for _, r := range rows {
		right, ok := r.Held()
		if !ok || r.Error != "" {
			continue
		}
		b := &out[min(max(int(r.Confidence*10), 0), 9)]
		b.N++
		b.Mean += r.Confidence
		if right {
			b.Accuracy++
		}
	}
	for i := range out {
		if n := float64(out[i].N); n > 0 {
			out[i].Mean /= n
			out[i].Accuracy /= n
		}
	}
	return out
}

// ece is the expected calibration error: the mean distance of accuracy from
// mean confidence, bins weighted by their size (Naeini, Cooper and Hauskrecht,
// "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015).
func ece(rows []*Row) (float64, int, bool) {
	sum, n := 0.0, 0
	for _, b := range Bins(rows) {
		d := b.Accuracy - b.Mean
		if d < 0 {
			d = -d
		}
		sum += d * float64(b.N)
		n += b.N
	}
	if n == 0 {
		return 0, 0, false
	}
	return sum / float64(n), n, true
}

// brier is the mean squared distance of confidence from right (1) or wrong (0).
func brier(rows []*Row) (float64, int, bool) {
	sum, n := 0.0, 0
	for _, r := range rows {
		right, ok := r.Held()
		if !ok || r.Error != "" {
			continue
		}
		d := r.Confidence
		if right {
			d = 1 - d
		}
		sum += d * d
		n++
	}
	if n == 0 {
		return 0, 0, false
	}
	return sum / float64(n), n, true
}

// sureRight is the accuracy of the answers given at .8 or above.
func sureRight(rows []*Row) (float64, int, bool) {
	hit, n := 0, 0
	for _, r := range rows {
		right, ok := r.Held()
		if !ok || r.Error != "" || r.Confidence < .8 {
			continue
		}
		n++
		if right {
			hit++
		}
	}
	v, ok := share(hit, n)
	return v, n, ok
}

// sureWrong is 1 for an answer given at .8 or above that does not hold: the share
// of such answers among all is what a reader who trusts them is misled by.
func (r *Row) sureWrong() (float64, bool) {
	right, ok := r.Held()
	return truth(r.Confidence >= .8 && !right), ok && r.Error == ""
}
