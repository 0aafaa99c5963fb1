package loghub

// Scores are the four measures of Loghub-2.0, each between 0 and 1. GA and PA
// weigh every message alike, FGA and FTA every template.
//
// Source: Jiang et al., "A Large-Scale Evaluation for Log Parsing Techniques:
// How Far Are We?", ISSTA 2024. GA is from Zhu et al. (ICSE-SEIP 2019), PA from
// Dai et al. (Logram, TSE 2020), FGA and FTA from Jiang et al. and Khan et al.
// (ICSE 2022).
type Scores struct {
	GA  float64 // share of messages whose group holds the same messages as the true one
	PA  float64 // share of messages whose template is, letter by letter, the true one
	FGA float64 // harmonic mean of precision and recall of groups
	FTA float64 // harmonic mean of precision and recall of templates right in group and text
}

// Score compares the templates found with the true ones: one of each a message,
// in equal order. It panics if the lengths differ; without messages all scores
// are 0.
//
// A group is right if its messages are exactly those of one true template. A
// found template is right for FTA if all its messages have one true template
// and that is the same text, as in the authors' own code; it may then still be
// incomplete.
func Score(truth, found []string) Scores {
	if len(truth) != len(found) {
		panic("loghub: truth and found differ in length")
	}
	if len(truth) == 0 {
		return Scores{}
	}
	type pair struct{ truth, found string }
	nTruth, nFound, both := map[string]int{}, map[string]int{}, map[pair]int{}
	same := 0
	for i, t := range truth {
		nTruth[t]++
		nFound[found[i]]++
		both[pair{t, found[i]}]++
		if t == found[i] {
			same++
		}
	}
	var groups, messages, texts int
	for p, n := range both {
		if n == nTruth[p.truth] && n == nFound[p.found] {
			groups++
			messages += n
		}
		if p.truth == p.found && n == nFound[p.found] {
			texts++
		}
	}
	return Scores{
		GA:  float64(messages) / float64(len(truth)),
		PA:  float64(same) / float64(len(truth)),
		FGA: harmonic(groups, len(nFound), len(nTruth)),
		FTA: harmonic(texts, len(nFound), len(nTruth)),
	}
}

// harmonic is the F1 of right out of found and right out of wanted.
func harmonic(right, found, wanted int) float64 {
	return 2 * float64(right) / float64(found+wanted)
}
