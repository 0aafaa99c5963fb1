package score

import (
	"math"
	"slices"
	"strings"
)

// Refit is the scale of one system, as the answers on all others would set it.
type Refit struct {
	System string `json:"system"` // left out of the fit
	Rows   int    `json:"rows"`   // of it that can be judged, see Row.Held
	// A confidence p becomes 1/(1+exp(-(Shift + Slope * ln(p/(1-p))))). Shift 0 and
	// Slope 1 leave it as it is; a Shift below 0 says that the others are too sure.
	Shift float64 `json:"shift"`
	Slope float64 `json:"slope"`
}

// At is what the fit makes of confidence p.
func (f Refit) At(p float64) float64 { return 1 / (1 + math.Exp(-f.Shift-f.Slope*logit(p))) }

// System names the system of a row. Equal rows must have equal names.
type System func(r *Row) string

// Refits fits the scale of confidence once for each system, on the rows of all
// others, and returns the fits in order of names, and copies of the rows that can
// be judged with the confidence that the fit without their own system gives them. With
// fewer than two systems there is nothing.
func Refits(rows []*Row, system System) ([]Refit, []*Row) {
	by := map[string][]trial{}
	for _, r := range rows {
		if right, ok := r.Held(); ok && r.Error == "" {
			by[system(r)] = append(by[system(r)], trial{r, logit(r.Confidence), right})
		}
	}
	if len(by) < 2 {
		return nil, nil
	}
	var fits []Refit
	for s := range by {
		fits = append(fits, Refit{System: s, Rows: len(by[s])})
	}
	slices.SortFunc(fits, func(a, b Refit) int { return strings.Compare(a.System, b.System) })
	var out []*Row
	for i, f := range fits {
		var others [][]trial
		for _, o := range fits {
			if o.System != f.System {
				others = append(others, by[o.System])
			}
		}
		fits[i].Shift, fits[i].Slope = platt(others)
		for _, t := range by[f.System] {
			moved := *t.row
			moved.Confidence = fits[i].At(t.row.Confidence)
			out = append(out, &moved)
		}
	}
	return fits, out
}

// trial is a confidence, as log-odds, with what came of it.
type trial struct {
	row   *Row
	x     float64
	right bool
}

// logit is the log-odds of p, which is kept 1 % away from 0 and 1.
func logit(p float64) float64 {
	p = min(max(p, .01), .99)
	return math.Log(p / (1 - p))
}

// What ends the search for a fit.
const (
	plattSteps  = 50
	plattEnough = 1e-5  // of a step
	plattLeast  = 1e-10 // share of a step below which none lessens the loss
)

// platt fits shift and slope of a logistic function to the trials of several
// systems, each of which counts alike however many trials it has. Targets are drawn
// in from 0 and 1 as if each system had one more trial of either sort, so that a fit
// exists where confidence separates right from wrong.
//
// Source: J. Platt, "Probabilistic Outputs for Support Vector Machines and
// Comparisons to Regularized Likelihood Methods", 1999, section 2; Newton's
// method after Lin, Lin and Weng, "A Note on Platt's Probabilistic Outputs for Support
// Vector Machines", Machine Learning 68, 2007.
func platt(systems [][]trial) (shift, slope float64) {
	targets := make([][2]float64, len(systems)) // of a wrong trial, of a right one
	for i, s := range systems {
		right := 0.
		for _, t := range s {
			right += truth(t.right)
		}
		targets[i] = [2]float64{1 / (float64(len(s)) - right + 2), (right + 1) / (right + 2)}
	}
	loss := func(a, b float64) float64 {
		sum := 0.
		for i, s := range systems {
			for _, t := range s {
				z := a + b*t.x
				sum += (math.Log1p(math.Exp(-math.Abs(z))) + max(z, 0) - targets[i][int(truth(t.right))]*z) / float64(len(s))
			}
		}
		return sum
	}
	slope = 1
	for range plattSteps {
		da, db := newton(systems, targets, shift, slope)
		before, step := loss(shift, slope), 1.
		for step > plattLeast && !(loss(shift+step*da, slope+step*db) <= before) {
			step /= 2
		}
		if step <= plattLeast {
			break
		}
		shift, slope = shift+step*da, slope+step*db
		if step*(math.Abs(da)+math.Abs(db)) < plattEnough {
			break
		}
	}
	return shift, slope
}

// newton is the step of Newton's method from (a, b).
func newton(systems [][]trial, targets [][2]float64, a, b float64) (da, db float64) {
	ga, gb, haa, hab, hbb := 0., 0., 1e-9, 0., 1e-9
	for i, s := range systems {
		w := 1 / float64(len(s))
		for _, t := range s {
			p := 1 / (1 + math.Exp(-a-b*t.x))
			d, h := w*(p-targets[i][int(truth(t.right))]), w*p*(1-p)
			ga, gb = ga+d, gb+d*t.x
			haa, hab, hbb = haa+h, hab+h*t.x, hbb+h*t.x*t.x
		}
	}
	det := haa*hbb - hab*hab
	return -(hbb*ga - hab*gb) / det, -(haa*gb - hab*ga) / det
}

// sureWrong is the share that Row.sureWrong counts. Unlike over it remembers no
// row: those of a refit are new at every draw.
func sureWrong(rows []*Row) (float64, int, bool) {
	wrong, n := 0., 0
	for _, r := range rows {
		if v, ok := r.sureWrong(); ok {
			wrong, n = wrong+v, n+1
		}
	}
	return wrong / float64(max(n, 1)), n, n > 0
}

// RefitFigures are the calibration error and the share of answers that are wrong
// and sure, once the scale of each system is refitted on the others. Each draw of
// the intervals fits anew.
func RefitFigures(rows []*Row, system System, seed uint64) []Figure {
	var moved []*Row
	return figures(rows, seed, []definition{
		{"ece_refit", "ECE, scale refit with each system left out", "", func(rows []*Row) (float64, int, bool) {
			_, moved = Refits(rows, system)
			return ece(moved)
		}},
		// Measures of a draw are taken in order: the fit is that of the one above.
		{"sure_wrong_refit", "wrong and >= .8, scale refit likewise", "", func([]*Row) (float64, int, bool) { return sureWrong(moved) }},
	})
}
