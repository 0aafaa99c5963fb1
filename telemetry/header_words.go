package telemetry

import "bytes"

// levelOf reads a level's name.
func levelOf(w []byte) (Level, bool) {
	switch string(w) {
	case "TRACE", "trace", "Trace", "FINEST", "FINER", "FINE", "V", "VERBOSE":
		return Trace, true
	case "DEBUG", "debug", "Debug", "DBG", "D", "CONFIG":
		return Debug, true
	case "INFO", "info", "Info", "INF", "I", "NOTICE", "notice", "Notice", "LOG", "Note", "NOTE", "INFORMATION", "Information", "System":
		return Info, true
	case "WARN", "warn", "Warn", "WRN", "W", "WARNING", "warning", "Warning":
		return Warn, true
	case "ERROR", "error", "Error", "ERR", "err", "E", "SEVERE", "FAILURE":
		return Error, true
	case "FATAL", "fatal", "Fatal", "F", "CRITICAL", "critical", "crit", "CRIT", "PANIC", "panic", "EMERG", "emerg", "ALERT", "alert":
		return Fatal, true
	}
	return NoLevel, false
}

// isLetter reports whether c is a letter or part of one beyond ASCII.
func isLetter(c byte) bool { return (c|0x20)-'a' <= 25 || c >= 0x80 }

func isWord(c byte) bool { return isLetter(c) || c-'0' <= 9 }

func countDigits(text []byte) (n int) {
	for _, c := range text {
		if c-'0' <= 9 {
			n++
		}
	}
	return n
}

// loggerName reports whether w looks like a logger and not like a first word.
func loggerName(w []byte) bool {
	if len(w) < 2 || len(w) > 120 || !isLetter(w[0]) && w[0]-'0' > 9 {
		return false
	}
	marks := false
	for i, c := range w {
		switch {
		case isWord(c):
			marks = marks || i > 0 && c >= 'A' && c <= 'Z' && w[i-1] >= 'a' && w[i-1] <= 'z' || c-'0' <= 9
		case c == '.' || c == '$' || c == '_' || c == ':' || c == '/' || c == '-' || c == '@' || c == '[' || c == ']' || c == '#':
			marks = true
		default:
			return false
		}
	}
	return marks
}

// program reports whether w is the program of a syslog line: the second word
// after the time, or one with a process number in brackets.
func program(b []byte, h *Head, from int, w []byte) bool {
	if n := len(w); n > 3 && w[n-1] == ']' && bytes.IndexByte(w, '[') > 0 {
		return true
	}
	between := bytes.TrimSpace(b[h.TimeTo:from])
	return h.Stamp.Year == 0 && !h.Stamp.IsEpoch && len(between) > 0 && bytes.IndexByte(between, ' ') < 0
}

// callSite reports whether w is a place in a source file, as "main.go:12".
func callSite(w []byte) bool {
	k := bytes.LastIndexByte(w, ':')
	return k > 2 && k+1 < len(w) && countDigits(w[k+1:]) == len(w)-k-1 && bytes.IndexByte(w[:k], '.') > 0
}
