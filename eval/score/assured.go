package score

import "triagent/incident"

// sureAbove is the confidence above which a wrong answer is a false certainty.
const sureAbove = .8

// Assurance says how often answers are sure, and wrong all the same.
type Assurance struct {
	Answers int `json:"answers"` // that can be judged, see Row.Correct
	Sure    int `json:"sure"`    // given at more than .8
	Wrong   int `json:"wrong"`   // of these
	// Misplaced of the wrong are on faulty cases and name a wrong node, or say
	// that nothing is wrong: worse than a wrong fault on the right node.
	Misplaced int `json:"misplaced"`
	Healthy   int `json:"healthy"` // cases
	Alarms    int `json:"alarms"`  // on them; no answer counts as one
}

// Assured counts the answers that are sure.
func Assured(rows []*Row) Assurance {
	var a Assurance
	for _, r := range rows {
		if r.Healthy {
			a.Healthy++
			if r.Alarm || r.Error != "" {
				a.Alarms++
			}
		}
		right, ok := r.Correct()
		if !ok || r.Error != "" {
			continue
		}
		missed := !r.Healthy && r.Verdict == incident.Healthy // sure of the wrong thing, whatever it ranks
		right = right && !missed
		a.Answers++
		if r.Confidence <= sureAbove {
			continue
		}
		a.Sure++
		if right {
			continue
		}
		a.Wrong++
		if p, ok := r.NodePlace(); missed || !r.Healthy && ok && p.AC[0] == 0 {
			a.Misplaced++
		}
	}
	return a
}

// FalseAlarms is the share of healthy windows with an alarm, and its interval by
// Wilson, with a split as one trial.
func FalseAlarms(rows []*Row) (alarms, windows, splits int, low, high float64) {
	seen := map[string]bool{}
	for _, r := range rows {
		if !r.Healthy {
			continue
		}
		windows++
		seen[r.Split] = true
		if r.Alarm || r.Error != "" {
			alarms++
		}
	}
	share, _ := share(alarms, windows)
	low, high = Wilson(share, len(seen))
	return alarms, windows, len(seen), low, high
}
