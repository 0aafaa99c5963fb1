package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"triagent/incident"
)

// Percent formats a probability for people, in whole percents. Nothing is
// certain and nothing impossible, so it never reads 100 % or 0 %.
func Percent(p float64) string {
	n := math.Round(p * 100)
	if !(n > 0) {
		return "< 1 %"
	}
	return fmt.Sprintf("%.0f %%", min(99, n))
}

// share formats how strong something is, of 0..1.
func share(p float64) string { return fmt.Sprintf("%.0f %%", math.Round(p*100)) }

// clock formats the time of day, with as much of a second as is needed to tell
// milliseconds apart only where it was recorded.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("15:04:05")
}

var timeOfDay = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?\b`)
})

// InUTC puts the zone behind the first time of day in a text for people.
func InUTC(text string) string {
	at := timeOfDay().FindStringIndex(text)
	if at == nil || strings.HasPrefix(text[at[1]:], " UTC") {
		return text
	}
	return text[:at[1]] + " UTC" + text[at[1]:]
}

// moment formats a date and time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// stretch formats a window, with the date once where both ends share it.
func stretch(w incident.Window) string {
	if w.IsZero() {
		return ""
	}
	from, to := w.From.UTC(), w.To.UTC()
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return moment(from) + " – " + clock(to)
	}
	return moment(from) + " – " + moment(to)
}

// lasting formats a length of time for people.
func lasting(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return strconv.FormatFloat(math.Round(d.Seconds()*10)/10, 'f', -1, 64) + " s"
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0 && m == 0:
		return fmt.Sprintf("%d h", h)
	case h > 0:
		return fmt.Sprintf("%d h %d m", h, m)
	case s == 0:
		return fmt.Sprintf("%d m", m)
	}
	return fmt.Sprintf("%d m %d s", m, s)
}

// memory formats an amount of memory.
func memory(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.0f KB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.0f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
}

// count formats a number with a thin group of three digits.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short formats a number with three significant digits, as an axis wants it.
func short(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case a >= 1e9:
		return sig(v/1e9) + "G"
	case a >= 1e6:
		return sig(v/1e6) + "M"
	case a >= 1e4:
		return sig(v/1e3) + "k"
	case a > 0 && a < 1e-3:
		return strconv.FormatFloat(v, 'e', 1, 64)
	}
	return sig(v)
}

// sig formats v with three significant digits and no trailing zeros.
func sig(v float64) string {
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	f, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// round4 rounds to what a probability or a score can bear. Infinities and NaN
// stay what they are.
func round4(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// part is a share of 0..1 as a length; what is no share counts as none or all.
func part(share float64, whole int) int {
	switch {
	case share >= 1:
		return whole
	case share > 0:
		return int(share * float64(whole))
	}
	return 0
}
