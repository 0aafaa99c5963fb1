package score

import "math"

// z95 is the quantile of the normal distribution for 95 % on both sides.
const z95 = 1.959963984540054

// Wilson returns the 95 % score interval of a proportion of which share was seen
// in n independent trials, both 0 to 1. Of n trials that all succeeded the lower
// bound is n/(n+3.84). Without trials it is 0 to 1.
//
// Source: E. B. Wilson, "Probable Inference, the Law of Succession, and
// Statistical Inference", Journal of the American Statistical Association 22,
// 1927.
func Wilson(share float64, n int) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	z2 := z95 * z95 / float64(n)
	mid := (share + z2/2) / (1 + z2)
	half := math.Sqrt(z2*share*(1-share)+z2*z2/4) / (1 + z2)
	return math.Max(0, mid-half), math.Min(1, mid+half)
}

// counted says, for the figures that are a proportion, whether a row is one of
// those that it is a proportion of: the mean of something between 0 and 1.
func counted() map[string]func(r *Row) bool {
	node := func(r *Row) bool { _, ok := r.NodePlace(); return ok }
	service := func(r *Row) bool { _, ok := r.ServicePlace(); return ok }
	out := map[string]func(r *Row) bool{
		"detect_precision": func(r *Row) bool { c := alarms([]*Row{r}); return c.tp+c.fp > 0 },
		"detect_recall":    func(r *Row) bool { return !r.Healthy },
		"type_top3":        func(r *Row) bool { _, ok := r.TopFaults(3); return ok },
		"strict_precision": func(r *Row) bool { t := total(strictTallies([]*Row{r})); return t.tp+t.fp > 0 },
		"strict_recall":    func(r *Row) bool { _, ok := r.Strict(); return ok },
		"iou_half":         func(r *Row) bool { return r.IoU != nil },
		"onset_within":     func(r *Row) bool { return r.OnsetAsked },
		"sure_right":       func(r *Row) bool { _, _, ok := sureRight([]*Row{r}); return ok },
		"sure_wrong":       func(r *Row) bool { _, ok := r.sureWrong(); return ok },
		"roles":            func(r *Row) bool { return r.RolesAsked > 0 },
		"parsed":           func(r *Row) bool { return r.Records > 0 },
		"sound":            func(r *Row) bool { return r.Claims > 0 },
		"rejected":         func(r *Row) bool { return !r.Healthy },
	}
	for _, p := range []string{"_ac1", "_ac3", "_ac5", "_avg5", "_mrr"} {
		out["node"+p], out["service"+p] = node, service
	}
	return out
}

// widen replaces an interval of no width: all draws of the bootstrap agree, as
// they must where all cases do, however few these are. A proportion gets that of
// Wilson, with a split as one trial; what is no proportion has none.
func widen(f *Figure, rows []*Row, counts func(r *Row) bool) {
	if f.Low != f.High {
		return
	}
	if counts == nil || f.Value != 0 && f.Value != 1 {
		f.Low, f.High = math.NaN(), math.NaN()
		return
	}
	splits := map[string]bool{}
	for _, r := range rows {
		if counts(r) {
			splits[r.Split] = true
		}
	}
	f.Low, f.High = Wilson(f.Value, len(splits))
}
