package telemetry

import "bytes"

// headKey says what the value of a key of a structured line is.
type headKey uint8

const (
	otherKey headKey = iota
	timeKey
	levelKey
	loggerKey
	bodyKey
)

func keyOf(k []byte) headKey {
	switch string(k) {
	case "time", "timestamp", "ts", "@timestamp", "t", "datetime", "asctime", "Timestamp", "TimeStamp", "eventTime", "@t":
		return timeKey
	case "level", "lvl", "severity", "levelname", "log.level", "loglevel", "s", "Level", "@l", "severityText":
		return levelKey
	case "logger", "logger_name", "name", "caller", "component", "c", "log.logger", "loggerName":
		return loggerKey
	case "msg", "message", "body", "log", "@m", "Body", "MESSAGE":
		return bodyKey
	}
	return otherKey
}

// take records one value from:to of a structured line.
func (h *Head) take(k headKey, line []byte, from, to int) {
	switch k {
	case timeKey:
		if h.HasTime() {
			return
		}
		if s, ok := ParseStamp(line[from:to]); ok {
			h.Stamp, h.TimeFrom, h.TimeTo = s, from, from+s.N
		}
	case levelKey:
		if l, ok := levelOf(line[from:to]); ok {
			h.Level, h.levelled = l, true
		}
	case loggerKey:
		if h.LogTo == 0 {
			h.LoggerFrom, h.LogTo = from, to
		}
	case bodyKey:
		if !h.anchored {
			h.BodyFrom, h.BodyTo, h.anchored = from, to, true
		}
	case otherKey:
	}
}

// parseJSONHead reads the top keys of a JSON object. The body is the text
// between the quotation marks, as written: escapes are left alone. It reports
// false, with h as it was, for a line without a message.
func parseJSONHead(line []byte, h *Head) bool {
	was := *h
	i := 1
	for i < len(line) {
		for i < len(line) && (line[i] <= ' ' || line[i] == ',') {
			i++
		}
		if i >= len(line) || line[i] != '"' {
			break
		}
		kf := i + 1
		kt := stringEnd(line, kf)
		if i = kt + 1; kt < 0 {
			break
		}
		for i < len(line) && (line[i] <= ' ' || line[i] == ':') {
			i++
		}
		if i >= len(line) {
			break
		}
		from, to := i, 0
		if line[i] == '"' {
			from++
			if to = stringEnd(line, from); to < 0 {
				break
			}
			i = to + 1
		} else {
			to = valueEnd(line, i)
			i = to
		}
		h.take(keyOf(line[kf:kt]), line, from, to)
	}
	if !h.anchored {
		*h = was
		return false
	}
	return true
}

// stringEnd returns the place of the closing quotation mark, -1 without one.
func stringEnd(line []byte, i int) int {
	for i < len(line) {
		n := bytes.IndexByte(line[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		k := i
		for k > 0 && line[k-1] == '\\' {
			k--
		}
		if (i-k)%2 == 0 {
			return i
		}
		i++
	}
	return -1
}

// valueEnd returns the end of a JSON value that is no string.
func valueEnd(line []byte, i int) int {
	depth := 0
	for i < len(line) {
		switch line[i] {
		case '"':
			n := stringEnd(line, i+1)
			if n < 0 {
				return len(line)
			}
			i = n
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', ' ':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(line)
}

// parseLogfmtHead reads key=value lines that start with a key of the header.
// It reports false, with h as it was, for other lines.
func parseLogfmtHead(line []byte, h *Head) bool {
	n := bytes.IndexByte(line[:min(len(line), 16)], '=')
	if n < 1 || keyOf(line[:n]) == otherKey {
		return false
	}
	was := *h
	i := 0
	for i < len(line) {
		i = skipBlank(line, i)
		kf := i
		for i < len(line) && line[i] != '=' && line[i] > ' ' {
			i++
		}
		if i >= len(line) || line[i] != '=' {
			continue
		}
		k := keyOf(line[kf:i])
		i++
		from, to := i, i
		if i < len(line) && line[i] == '"' {
			from++
			if to = stringEnd(line, from); to < 0 {
				break
			}
			i = to + 1
		} else {
			for to < len(line) && line[to] > ' ' {
				to++
			}
			i = to
		}
		h.take(k, line, from, to)
	}
	if !h.anchored {
		*h = was
		return false
	}
	return true
}
