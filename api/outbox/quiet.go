package outbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"triagent/api/wire"
	"triagent/store"
)

// Quiet is a stretch of the day in which messages below a severity wait until
// it ends. Times are those of the clocks in the zone, so that a stretch is an
// hour longer or shorter in the night in which they are set.
type Quiet struct {
	Name  string   `json:"name" maxLength:"100"`
	From  string   `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" example:"22:00"`
	To    string   `json:"to" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" example:"07:00" doc:"Not after from: on the next day"`
	Days  []string `json:"days" nullable:"false" maxItems:"7" enum:"mon,tue,wed,thu,fri,sat,sun" doc:"On which it begins; none: every day"`
	Zone  string   `json:"zone" example:"Europe/Berlin" doc:"Empty: UTC"`
	Below string   `json:"below" enum:"warning,major,critical" doc:"Messages of this severity and above do not wait"`
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (q Quiet) validate() error {
	for _, s := range []string{q.From, q.To} {
		if _, err := time.Parse("15:04", s); err != nil || len(s) != 5 {
			return fmt.Errorf("%q is no time of day as 22:00", s)
		}
	}
	for _, d := range q.Days {
		if !slices.Contains(days, d) {
			return fmt.Errorf("%q is none of mon, tue, wed, thu, fri, sat, sun", d)
		}
	}
	if _, err := q.zone(); err != nil {
		return fmt.Errorf("there is no time zone %q: use a name as Europe/Berlin", q.Zone)
	}
	if s, ok := wire.ParseSeverity(q.Below); !ok || s == store.Info {
		return fmt.Errorf("below: %q is none of warning, major, critical", q.Below)
	}
	return nil
}

func (q Quiet) zone() (*time.Location, error) {
	if q.Zone == "Local" {
		return nil, fmt.Errorf("the zone of the machine is not a name")
	}
	return time.LoadLocation(q.Zone)
}

// until returns when the stretch that holds t ends; zero: none holds it.
func (q Quiet) until(t time.Time) time.Time {
	zone, err := q.zone()
	if err != nil {
		return time.Time{} // it was validated when it was stored; zones do get renamed
	}
	from, err := time.Parse("15:04", q.From)
	to, err2 := time.Parse("15:04", q.To)
	if err != nil || err2 != nil {
		return time.Time{}
	}
	y, m, d := t.In(zone).Date()
	for _, first := range []int{d, d - 1} { // the day on which it began: today or yesterday
		weekday := time.Date(y, m, first, 12, 0, 0, 0, time.UTC).Weekday()
		if len(q.Days) > 0 && !slices.Contains(q.Days, days[weekday]) {
			continue
		}
		last := first
		if q.To <= q.From {
			last++
		}
		begin := time.Date(y, m, first, from.Hour(), from.Minute(), 0, 0, zone)
		end := time.Date(y, m, last, to.Hour(), to.Minute(), 0, 0, zone)
		if !t.Before(begin) && t.Before(end) {
			return end.UTC()
		}
	}
	return time.Time{}
}

const quietPrefix = "quiet hours"

func isQuiet(text string) bool { return strings.HasPrefix(text, quietPrefix) }

// quiet returns until when a message of a severity has to wait at t, and why;
// zero: it need not. Stretches that follow each other are one.
func (r Routing) quiet(s store.Severity, t time.Time) (until time.Time, why string) {
	for range 2 * 7 {
		found := false
		for _, q := range r.Quiet {
			below, ok := wire.ParseSeverity(q.Below)
			if !ok || s >= below {
				continue
			}
			at := t
			if !until.IsZero() {
				at = until
			}
			if end := q.until(at); end.After(at) {
				until, found = end, true
				why = fmt.Sprintf("%s %s until %s", quietPrefix, q.Name, end.Format(time.RFC3339))
			}
		}
		if !found {
			break
		}
	}
	return until, why
}
