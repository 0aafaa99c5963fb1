package telemetry

import "time"

// Stamp is a wall-clock time as it was written in a line of text. Fields that
// the text left out are zero: Year is 0 for layouts without a year (syslog,
// Android, glog), Month and Day are 0 for a time of day alone.
type Stamp struct {
	Year, Month, Day  int16
	Hour, Minute, Sec int16
	Nanos             int32
	Offset            int32 // seconds east of UTC, valid if HasZone
	Epoch             int64 // Unix nanoseconds, valid if IsEpoch; the other fields are zero then
	N                 int   // bytes taken from the start of the line
	HasZone, IsEpoch  bool
}

// Complete reports whether the stamp fixes a moment by itself, a zone aside.
func (s *Stamp) Complete() bool { return s.IsEpoch || s.Year != 0 }

// UnixNano returns the moment in Unix nanoseconds. A stamp without a zone is
// read in zone (nil means UTC). It is meaningful only if s is Complete.
func (s *Stamp) UnixNano(zone *time.Location) int64 {
	if s.IsEpoch {
		return s.Epoch
	}
	sec := daysFromCivil(int(s.Year), int(s.Month), int(s.Day))*86400 +
		int64(s.Hour)*3600 + int64(s.Minute)*60 + int64(s.Sec)
	switch {
	case s.HasZone:
		sec -= int64(s.Offset)
	case zone != nil && zone != time.UTC:
		sec -= zoneOffset(sec, zone)
	}
	return sec*1e9 + int64(s.Nanos)
}

// UnixNanoNear is UnixNano for stamps that may lack a year or a date: the year
// (or the day) is chosen so that the result lies as near to ref as possible.
func (s *Stamp) UnixNanoNear(zone *time.Location, ref time.Time) int64 {
	if s.Complete() {
		return s.UnixNano(zone)
	}
	at := ref.UTC()
	if zone != nil {
		at = ref.In(zone)
	}
	best, gap := int64(0), int64(-1)
	for shift := -1; shift <= 1; shift++ {
		c := *s
		if s.Month == 0 {
			y, m, d := at.AddDate(0, 0, shift).Date()
			c.Year, c.Month, c.Day = int16(y), int16(m), int16(d)
		} else {
			c.Year = int16(at.Year() + shift)
		}
		n := c.UnixNano(zone)
		d := n - ref.UnixNano()
		if d < 0 {
			d = -d
		}
		if gap < 0 || d < gap {
			best, gap = n, d
		}
	}
	return best
}

// ParseTime reads the time at the start of line and returns it in Unix
// nanoseconds with the number of bytes it takes. A stamp without a zone is read
// in zone (nil means UTC). ok is false if the line does not start with a time of
// a known layout, or with one that lacks the year: for those see ParseTimeNear.
// It does not allocate, reads no more than the first 64 bytes and is safe for
// concurrent use. Layouts: see ParseStamp.
func ParseTime(line []byte, zone *time.Location) (unixNano int64, n int, ok bool) {
	s, ok := ParseStamp(line)
	if !ok || !s.Complete() {
		return 0, 0, false
	}
	return s.UnixNano(zone), s.N, true
}

// ParseTimeNear is ParseTime for layouts without a year or a date as well: what
// is missing is chosen so that the time lies as near to ref as possible.
func ParseTimeNear(line []byte, zone *time.Location, ref time.Time) (unixNano int64, n int, ok bool) {
	s, ok := ParseStamp(line)
	if !ok {
		return 0, 0, false
	}
	return s.UnixNanoNear(zone, ref), s.N, true
}

// FindTime looks for the first stamp with a date that starts at one of the first
// tokens of line, within its first 96 bytes, and returns its byte range. Opening
// brackets and quotes before it are skipped. It does not allocate.
func FindTime(line []byte) (s Stamp, from int, ok bool) {
	limit := min(len(line), 96)
	start := true
	for i := 0; i < limit; i++ {
		c := line[i]
		if start && stampStart[c] {
			if s, ok = ParseStamp(line[i:]); ok && (s.Month != 0 || s.IsEpoch || i == 0) {
				return s, i, true
			}
		}
		start = !isAlnum(c) && c != '.' && c != '-' && c != '_' && c != '/' && c != '+'
	}
	return Stamp{}, 0, false
}

// stampStart marks the bytes that a stamp can start with.
var stampStart = func() (t [256]bool) {
	for _, c := range []byte("0123456789JFMASONDTWIEjfmasondtw") {
		t[c] = true
	}
	return t
}()

func isAlnum(c byte) bool {
	return c-'0' <= 9 || (c|0x20)-'a' <= 25
}

// zoneOffset returns the offset of zone at the local wall-clock second sec. In
// the hour that is repeated at the end of summer time the second reading is
// taken, in the hour that is skipped the offset after it, as time.Date does not
// promise either.
func zoneOffset(sec int64, zone *time.Location) int64 {
	_, off := time.Unix(sec, 0).In(zone).Zone()
	if _, o := time.Unix(sec-int64(off), 0).In(zone).Zone(); o != off {
		off = o
	}
	return int64(off)
}

// daysFromCivil counts days from 1970-01-01 in the proleptic Gregorian calendar.
//
// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
func daysFromCivil(y, m, d int) int64 {
	if m <= 2 {
		y--
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	doy := (153*((m+9)%12)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int64(era)*146097 + int64(doe) - 719468
}
