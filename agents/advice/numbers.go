package advice

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// literal is a number that is no part of a word. What is before and after it is
// looked at by numbers.
var literal = regexp.MustCompile(`\d+(?:[.,]\d+)*`)

// number is a number of a text with half of what its last digit is worth.
type number struct {
	text  string
	value float64
	half  float64
}

// numbers lists the numbers of a text. Those in names, as datanode-2 or E17, are
// none.
func numbers(text string, names []string) []number {
	for _, n := range names {
		text = strings.ReplaceAll(text, n, " ")
	}
	var out []number
	for _, at := range literal.FindAllStringIndex(text, -1) {
		if at[0] > 0 && inWord(text[at[0]-1]) {
			continue
		}
		s := text[at[0]:at[1]]
		plain := strings.ReplaceAll(s, ",", "") // 1,200 is one number, as code prints it
		v, err := strconv.ParseFloat(plain, 64)
		if err != nil { // 12.30.45
			continue
		}
		decimals := 0
		if dot := strings.IndexByte(plain, '.'); dot >= 0 {
			decimals = len(plain) - dot - 1
		}
		out = append(out, number{s, v, .5 * math.Pow10(-decimals)})
	}
	return out
}

func inWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '_' || c == '.' || c == '#'
}

// scales are what a number may be written in other units: seconds for
// milliseconds, percent for shares.
var scales = []float64{1, 100, .01, 1000, .001, 60, 1.0 / 60}

// unfounded lists the numbers of a sentence that none of the cited texts has,
// rounded as the sentence has them.
func unfounded(sentence string, cited []string, names []string) []string {
	var known []number
	for _, c := range cited {
		known = append(known, numbers(c, names)...)
	}
	var out []string
	for _, n := range numbers(sentence, names) {
		found := false
		for _, k := range known {
			for _, s := range scales {
				found = found || math.Abs(k.value*s-n.value) <= n.half*(1+1e-9)
			}
		}
		if !found {
			out = append(out, n.text)
		}
	}
	return out
}
