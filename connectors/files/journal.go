package files

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"triagent/telemetry"
)

// entry is one record of a journal.
type entry struct {
	time  int64
	host  string
	level telemetry.Level
	body  []byte
	attrs map[string]string
}

// kept are the fields of a journal that are handed over, by how they are called.
var kept = map[string]string{"_SYSTEMD_UNIT": "unit", "SYSLOG_IDENTIFIER": "identifier", "_PID": "pid"}

// micros reads the microseconds at the start of text as nanoseconds; 0: none.
func micros(text []byte) int64 {
	n := 0
	for n < len(text) && n < 17 && text[n]-'0' <= 9 {
		n++
	}
	v, err := strconv.ParseInt(string(text[:n]), 10, 64)
	if err != nil {
		return 0
	}
	return v * 1000
}

var stampKey = []byte(`"__REALTIME_TIMESTAMP"`)

// jsonTime finds the time of a line of JSON without reading all of it.
func jsonTime(line []byte) int64 {
	i := bytes.Index(line, stampKey)
	if i < 0 {
		return 0
	}
	return micros(bytes.TrimLeft(line[i+len(stampKey):], `: "`))
}

// level is a syslog priority as a level.
func level(priority string) telemetry.Level {
	switch priority {
	case "0", "1", "2":
		return telemetry.Fatal
	case "3":
		return telemetry.Error
	case "4":
		return telemetry.Warn
	case "5", "6":
		return telemetry.Info
	case "7":
		return telemetry.Debug
	}
	return telemetry.NoLevel
}

// set takes a field over.
func (e *entry) set(key string, value []byte) {
	switch key {
	case "__REALTIME_TIMESTAMP":
		e.time = micros(value)
	case "_HOSTNAME":
		e.host = string(value)
	case "PRIORITY":
		e.level = level(string(value))
	case "MESSAGE":
		e.body = append([]byte(nil), value...)
	default:
		if name := kept[key]; name != "" {
			if e.attrs == nil {
				e.attrs = make(map[string]string, len(kept))
			}
			e.attrs[name] = string(value)
		}
	}
}

// fromJSON reads a line of journalctl -o json. A message that is no text is a
// list of bytes.
func fromJSON(line []byte) (*entry, error) {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return nil, err
	}
	e := &entry{}
	for key, v := range fields {
		switch v := v.(type) {
		case string:
			e.set(key, []byte(v))
		case []any:
			b := make([]byte, 0, len(v))
			for _, n := range v {
				if f, ok := n.(float64); ok {
					b = append(b, byte(f))
				}
			}
			e.set(key, b)
		}
	}
	return e, nil
}

// exports reads journalctl -o export entry by entry.
type exports struct {
	l *lines
}

// next returns the next entry; io.EOF: there is none.
func (x *exports) next() (*entry, error) {
	var e *entry
	for {
		line, err := x.l.next()
		if errors.Is(err, io.EOF) && e != nil {
			return e, nil
		}
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if e != nil {
				return e, nil
			}
			continue
		}
		if e == nil {
			e = &entry{}
		}
		key, value, text := bytes.Cut(line, []byte{'='})
		if !text {
			name := string(line)
			if value, err = binaryField(x.l.r); err != nil {
				return nil, fmt.Errorf("field %.40s: %w", name, err)
			}
			e.set(name, value)
			continue
		}
		e.set(string(key), value)
	}
}

// binaryField reads a length of eight bytes, so many bytes, and a line end.
func binaryField(r *bufio.Reader) ([]byte, error) {
	var n uint64
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if n > 64<<20 {
		return nil, errors.New("it is longer than 64 MB")
	}
	value := make([]byte, min(n, longestLine))
	if _, err := io.ReadFull(r, value); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if _, err := io.CopyN(io.Discard, r, int64(n)-int64(len(value))+1); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return value, nil
}

func newExports(ctx context.Context, r io.Reader) *exports { return &exports{newLines(ctx, r)} }
