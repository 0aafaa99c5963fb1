package score

// counts is the fourfold table of alarms: a failed case is no alarm.
type counts struct {
	tp, fp, tn, fn int
	healthyHours   float64
}

func alarms(rows []*Row) counts {
	var c counts
	for _, r := range rows {
		alarm := r.Alarm && r.Error == ""
		switch {
		case r.Healthy && alarm:
			c.fp++
		case r.Healthy && r.Error == "":
			c.tn++
		case r.Healthy:
			c.fp++ // no answer is a wrong answer
		case alarm:
			c.tp++
		default:
			c.fn++
		}
		if r.Healthy {
			c.healthyHours += r.Hours
		}
	}
	return c
}

func (c counts) healthy() int { return c.fp + c.tn }
func (c counts) faulty() int  { return c.tp + c.fn }

func (c counts) precision() (float64, bool) { return share(c.tp, c.tp+c.fp) }
func (c counts) recall() (float64, bool)    { return share(c.tp, c.faulty()) }

// f1 is that of the faulty class; 0 where nothing was found.
func (c counts) f1() (float64, bool) {
	return tally{c.tp, c.fp, c.fn}.f1(), c.healthy() > 0 && c.faulty() > 0
}

// balanced is the mean of the recalls of the faulty and of the healthy class.
func (c counts) balanced() (float64, bool) {
	a, ok1 := share(c.tp, c.faulty())
	b, ok2 := share(c.tn, c.healthy())
	return (a + b) / 2, ok1 && ok2
}

// always is the F1 of saying "faulty" to every case.
func (c counts) always() (float64, bool) {
	return tally{tp: c.faulty(), fp: c.healthy()}.f1(), c.healthy() > 0 && c.faulty() > 0
}

func (c counts) falseAlarmsPerHour() (float64, bool) {
	if c.healthyHours <= 0 {
		return 0, false
	}
	return float64(c.fp) / c.healthyHours, true
}

// nodeAlarms counts nodes of the abnormal window: one that is a true cause is
// right, another one false, a true one that is not named is missed.
func nodeAlarms(rows []*Row) tally {
	var t tally
	for _, r := range rows {
		truths := r.truths(nodeOf)
		if !r.Healthy && len(truths) == 0 {
			continue
		}
		named := map[string]bool{}
		if r.Alarm && r.Error == "" {
			for _, n := range r.Flagged {
				named[string(n)] = true
			}
		}
		for _, n := range truths {
			if named[n] {
				t.tp++
				delete(named, n)
			} else {
				t.fn++
			}
		}
		t.fp += len(named)
	}
	return t
}

func share(n, of int) (float64, bool) {
	if of == 0 {
		return 0, false
	}
	return float64(n) / float64(of), true
}
