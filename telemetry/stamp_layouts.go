package telemetry

// ParseStamp reads the stamp at the very start of line without turning it into
// a moment, so it costs no calendar arithmetic. It knows
//
//   - 2023-10-27 20:56:50,020 and 2023-10-27T20:56:50.020+08:00, with - / or .
//     between the parts of the date, T, blank, - or _ before the time, : or .
//     inside it, a fraction after . , or :, and Z, ±hh, ±hhmm, ±hh:mm, UTC or GMT
//   - 20231027 20:56:50, 20231027-20:56:50:020, 20231027T205650Z, 231027 205650
//   - 17/06/09 20:10:40 (year first), 10/27/2023 20:56:50 (month first, unless
//     the first number is above 12)
//   - Jun 14 15:16:01, Jun  9 2005 15:16:01, Sun Dec 04 04:47:44 2005,
//     Sun, 04 Dec 2005 04:47:44 GMT, 04-Dec-2005 04:47:44, 10/Oct/2000:13:55:36 -0700
//   - 03-17 16:13:38.811, 10.30 16:49:06, I1027 20:56:50.020 (no year),
//     20:56:50.020 (no date)
//   - 10, 13, 16 or 19 digits: Unix seconds, milli-, micro- or nanoseconds, and
//     10 digits with a fraction, from the year 2001 on
//
// A stamp ends at a byte that is no letter and no digit. Fields are checked for
// range (day 31, hour 23, second 60), the length of the month is not.
func ParseStamp(line []byte) (Stamp, bool) {
	if len(line) > 64 {
		line = line[:64]
	}
	if len(line) < 8 {
		return Stamp{}, false
	}
	p := stampParser{b: line}
	ok := p.iso()
	if ok && p.i < len(line) && isAlnum(line[p.i]) {
		p, ok = stampParser{b: line}, false
	}
	if ok {
		p.s.N = p.i
		return p.s, p.inRange()
	}
	switch c := line[0]; {
	case c-'0' <= 9:
		ok = p.numeric()
	case (c == 'I' || c == 'W' || c == 'E' || c == 'F') && line[1]-'0' <= 9:
		ok = p.glog()
	default:
		ok = p.named()
	}
	if !ok || !p.inRange() || (p.i < len(p.b) && isAlnum(p.b[p.i])) {
		return Stamp{}, false
	}
	p.s.N = p.i
	return p.s, true
}

// iso reads 2023-10-27 20:56:50 and its kin without a step for each field, as
// most lines start so. It leaves other layouts alone.
func (p *stampParser) iso() bool {
	if len(p.b) < 19 {
		return false
	}
	b := p.b[:19]
	if b[4] != b[7] || (b[4] != '-' && b[4] != '/') || (b[10] != ' ' && b[10] != 'T') || b[13] != ':' || b[16] != ':' {
		return false
	}
	y1, y2, y3, y4 := b[0]-'0', b[1]-'0', b[2]-'0', b[3]-'0'
	m1, m2, d1, d2 := b[5]-'0', b[6]-'0', b[8]-'0', b[9]-'0'
	h1, h2, n1, n2 := b[11]-'0', b[12]-'0', b[14]-'0', b[15]-'0'
	s1, s2 := b[17]-'0', b[18]-'0'
	if y1 > 9 || y2 > 9 || y3 > 9 || y4 > 9 || m1 > 9 || m2 > 9 || d1 > 9 || d2 > 9 ||
		h1 > 9 || h2 > 9 || n1 > 9 || n2 > 9 || s1 > 9 || s2 > 9 {
		return false
	}
	s := &p.s
	s.Year = int16(y1)*1000 + int16(y2)*100 + int16(y3)*10 + int16(y4)
	s.Month, s.Day = int16(m1)*10+int16(m2), int16(d1)*10+int16(d2)
	s.Hour, s.Minute, s.Sec = int16(h1)*10+int16(h2), int16(n1)*10+int16(n2), int16(s1)*10+int16(s2)
	p.i = 19
	p.fraction()
	if c := p.peek(0); c == ' ' && (p.peek(1) == '[' || p.peek(1)-'a' < 26) {
		return true
	}
	return p.zone()
}

type stampParser struct {
	b []byte
	i int
	s Stamp
}

func (p *stampParser) inRange() bool {
	s := &p.s
	if s.IsEpoch {
		return true
	}
	if s.Hour > 23 || s.Minute > 59 || s.Sec > 60 {
		return false
	}
	return (s.Month == 0 && s.Day == 0 && s.Year == 0) ||
		(s.Month >= 1 && s.Month <= 12 && s.Day >= 1 && s.Day <= 31)
}

// peek returns the byte k after the cursor, 0 beyond the end.
func (p *stampParser) peek(k int) byte {
	if p.i+k < len(p.b) {
		return p.b[p.i+k]
	}
	return 0
}

// digits reads exactly n digits.
func (p *stampParser) digits(n int) (v int16, ok bool) {
	if p.i+n > len(p.b) {
		return 0, false
	}
	for _, c := range p.b[p.i : p.i+n] {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		v = v*10 + int16(d)
	}
	p.i += n
	return v, true
}

// run counts the digits at the cursor.
func (p *stampParser) run() int {
	n := 0
	for p.i+n < len(p.b) && p.b[p.i+n]-'0' <= 9 {
		n++
	}
	return n
}

func (p *stampParser) numeric() bool {
	switch n := p.run(); n {
	case 4:
		return p.yearFirst()
	case 1, 2:
		return p.shortFirst(n)
	case 6:
		return p.compact(2)
	case 8:
		return p.compact(4)
	case 10, 13, 16, 19:
		return p.epoch(n)
	}
	return false
}

// yearFirst reads 2023-10-27 and the time after it; a date alone is no stamp.
func (p *stampParser) yearFirst() bool {
	p.s.Year, _ = p.digits(4)
	sep := p.peek(0)
	if sep != '-' && sep != '/' && sep != '.' {
		return false
	}
	p.i++
	var ok bool
	if p.s.Month, ok = p.digits(2); !ok || p.peek(0) != sep {
		return false
	}
	p.i++
	if p.s.Day, ok = p.digits(2); !ok {
		return false
	}
	switch p.peek(0) {
	case 'T', ' ', '-', '_', 't':
		p.i++
	default:
		return false
	}
	return p.clock() && p.zone()
}

// shortFirst reads layouts that start with one or two digits.
func (p *stampParser) shortFirst(n int) bool {
	sep := p.peek(n)
	if sep == ':' {
		return n == 2 && p.clock()
	}
	a, _ := p.digits(n)
	if sep != '/' && sep != '-' && sep != '.' && sep != ' ' {
		return false
	}
	p.i++
	if p.peek(0)-'0' > 9 {
		return p.dayMonthName(a, sep)
	}
	m := p.run()
	if sep == ' ' || m > 2 {
		return false
	}
	b, _ := p.digits(m)
	if p.peek(0) != sep { // 03-17 16:13:38.811
		if p.peek(0) != ' ' || n != 2 || m != 2 {
			return false
		}
		p.i++
		p.s.Month, p.s.Day = a, b
		return p.clock()
	}
	p.i++
	switch p.run() {
	case 2:
		c, _ := p.digits(2)
		p.s.Year, p.s.Month, p.s.Day = century(a), b, c
	case 4:
		p.s.Year, _ = p.digits(4)
		p.s.Month, p.s.Day = a, b
		if a > 12 {
			p.s.Month, p.s.Day = b, a
		}
	default:
		return false
	}
	if p.peek(0) == ',' {
		p.i++
	}
	if p.peek(0) != ' ' && p.peek(0) != 'T' {
		return false
	}
	p.i++
	return p.clock() && p.zone()
}

// dayMonthName reads what follows the day in 04-Dec-2005 04:47:44 and its kin.
func (p *stampParser) dayMonthName(day int16, sep byte) bool {
	p.s.Day = day
	if p.s.Month = p.month(); p.s.Month == 0 || p.peek(0) != sep {
		return false
	}
	p.i++
	if p.run() != 4 {
		return false
	}
	p.s.Year, _ = p.digits(4)
	if c := p.peek(0); c != ' ' && c != ':' {
		return false
	}
	p.i++
	return p.clock() && p.zone()
}

// compact reads 081109 203615 (y is 2) and 20171223-22:15:29:606 (y is 4).
func (p *stampParser) compact(y int) bool {
	p.s.Year, _ = p.digits(y)
	if y == 2 {
		p.s.Year = century(p.s.Year)
	}
	p.s.Month, _ = p.digits(2)
	p.s.Day, _ = p.digits(2)
	switch p.peek(0) {
	case ' ', '-', 'T', '_':
		p.i++
	default:
		return false
	}
	if p.run() != 6 {
		return y == 4 && p.clock() && p.zone()
	}
	p.s.Hour, _ = p.digits(2)
	p.s.Minute, _ = p.digits(2)
	p.s.Sec, _ = p.digits(2)
	p.fraction()
	return p.zone()
}

func century(yy int16) int16 {
	if yy >= 70 {
		return 1900 + yy
	}
	return 2000 + yy
}

// epoch reads Unix time of n digits.
func (p *stampParser) epoch(n int) bool {
	var v int64
	for _, c := range p.b[:n] {
		v = v*10 + int64(c-'0')
	}
	p.i = n
	for ; n < 19; n++ {
		v *= 10
	}
	p.s.IsEpoch, p.s.Epoch = true, v
	if p.b[0] == '0' || v < 1e18 || v > 4.2e18 {
		return false
	}
	if p.i == 10 && p.peek(0) == '.' && p.peek(1)-'0' <= 9 {
		p.fraction()
		p.s.Epoch += int64(p.s.Nanos)
		p.s.Nanos = 0
	}
	return true
}

// glog reads I1027 20:56:50.020.
func (p *stampParser) glog() bool {
	p.i = 1
	if p.run() != 4 {
		return false
	}
	p.s.Month, _ = p.digits(2)
	p.s.Day, _ = p.digits(2)
	if p.peek(0) != ' ' {
		return false
	}
	p.i++
	return p.clock()
}

// named reads layouts that start with the name of a day or a month.
func (p *stampParser) named() bool {
	if p.s.Month = p.month(); p.s.Month == 0 {
		if !p.weekday() {
			return false
		}
		if p.peek(0)-'0' <= 9 { // Sun, 04 Dec 2005 04:47:44 GMT
			n := p.run()
			if n > 2 {
				return false
			}
			day, _ := p.digits(n)
			sep := p.peek(0)
			p.i++
			return (sep == ' ' || sep == '-') && p.dayMonthName(day, sep)
		}
		if p.s.Month = p.month(); p.s.Month == 0 {
			return false
		}
	}
	if p.peek(0) != ' ' {
		return false
	}
	p.i++
	if p.peek(0) == ' ' {
		p.i++
	}
	n := p.run()
	if n < 1 || n > 2 {
		return false
	}
	p.s.Day, _ = p.digits(n)
	if p.peek(0) == ',' {
		p.i++
	}
	if p.peek(0) != ' ' {
		return false
	}
	p.i++
	if p.run() == 4 {
		p.s.Year, _ = p.digits(4)
		if p.peek(0) != ' ' {
			return false
		}
		p.i++
		return p.clock() && p.zone()
	}
	return p.clock() && p.trailingYear()
}

// trailingYear reads the optional " 2005", " UTC 2005" or " +0800 2005" of ctime.
func (p *stampParser) trailingYear() bool {
	mark, s := p.i, p.s
	if p.zone(); p.peek(0) == ' ' {
		p.i++
		if p.run() == 4 {
			y, _ := p.digits(4)
			if y >= 1970 && y < 2200 && !isAlnum(p.peek(0)) && p.peek(0) != ':' {
				p.s.Year = y
				return true
			}
		}
	}
	p.i, p.s = mark, s
	return true
}

const (
	monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"
	dayNames   = "montuewedthufrisatsun"
)

// name3 finds the three letters at the cursor in a list of names, -1 if absent.
func (p *stampParser) name3(names string) int {
	if p.i+3 > len(p.b) {
		return -1
	}
	a, b, c := p.b[p.i]|0x20, p.b[p.i+1]|0x20, p.b[p.i+2]|0x20
	for k := 0; k < len(names); k += 3 {
		if names[k] == a && names[k+1] == b && names[k+2] == c {
			return k / 3
		}
	}
	return -1
}

func (p *stampParser) month() int16 {
	m := int16(p.name3(monthNames) + 1)
	if m > 0 {
		p.i += 3
	}
	return m
}

// weekday reads "Sun ", "Sun, " and leaves the cursor after it.
func (p *stampParser) weekday() bool {
	if p.name3(dayNames) < 0 {
		return false
	}
	p.i += 3
	if p.peek(0) == ',' {
		p.i++
	}
	if p.peek(0) != ' ' {
		return false
	}
	p.i++
	return true
}

// clock reads 20:56:50 with an optional fraction; the colons may be dots.
func (p *stampParser) clock() bool {
	if p.i+8 > len(p.b) {
		return false
	}
	c := p.b[p.i : p.i+8]
	sep := c[2]
	if (sep != ':' && sep != '.') || c[5] != sep {
		return false
	}
	for _, k := range [6]int{0, 1, 3, 4, 6, 7} {
		if c[k]-'0' > 9 {
			return false
		}
	}
	p.s.Hour = int16(c[0]-'0')*10 + int16(c[1]-'0')
	p.s.Minute = int16(c[3]-'0')*10 + int16(c[4]-'0')
	p.s.Sec = int16(c[6]-'0')*10 + int16(c[7]-'0')
	p.i += 8
	p.fraction()
	return true
}

// fraction reads an optional ,020 .020 or :020; digits past the ninth are dropped.
func (p *stampParser) fraction() {
	if c := p.peek(0); c != '.' && c != ',' && c != ':' {
		return
	}
	k, v, n := p.i+1, int32(0), 0
	for k < len(p.b) && p.b[k]-'0' <= 9 {
		if n < 9 {
			v = v*10 + int32(p.b[k]-'0')
			n++
		}
		k++
	}
	if n == 0 {
		return
	}
	for ; n < 9; n++ {
		v *= 10
	}
	p.s.Nanos = v
	p.i = k
}

// zone reads an optional zone. It never fails: what is no zone is left unread.
func (p *stampParser) zone() bool {
	mark := p.i
	if p.peek(0) == ' ' {
		p.i++
	}
	switch c := p.peek(0); {
	case (c == 'Z' || c == 'z') && p.i == mark && !isAlnum(p.peek(1)):
		p.i++
		p.s.HasZone, p.s.Offset = true, 0
		return true
	case (c == 'U' && p.peek(1) == 'T' && p.peek(2) == 'C' || c == 'G' && p.peek(1) == 'M' && p.peek(2) == 'T') && !isAlnum(p.peek(3)):
		p.i += 3
		p.s.HasZone, p.s.Offset = true, 0
		return true
	case c == '+' || c == '-':
		if p.offset(c == '-', p.i > mark) {
			return true
		}
	}
	p.i = mark
	return true
}

// offset reads +08, +0800 or +08:00; after a blank only the longer forms, as a
// lone "-5" may well start the message.
func (p *stampParser) offset(negative, blank bool) bool {
	p.i++
	n := p.run()
	if n != 4 && (n != 2 || (blank && p.peek(2) != ':')) {
		return false
	}
	h, _ := p.digits(2)
	m := int16(0)
	if n == 4 {
		m, _ = p.digits(2)
	} else if p.peek(0) == ':' {
		p.i++
		if p.run() != 2 {
			return false
		}
		m, _ = p.digits(2)
	}
	if h > 14 || m > 59 || isAlnum(p.peek(0)) {
		return false
	}
	p.s.HasZone, p.s.Offset = true, int32(h)*3600+int32(m)*60
	if negative {
		p.s.Offset = -p.s.Offset
	}
	return true
}
