package compress

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"triagent/internal/errs"
)

// spool keeps one id for each line, in memory up to a bound, then in a
// temporary file.
type spool struct {
	bound int
	dir   string
	buf   []byte
	file  *os.File
}

// add keeps an id. What is beyond the bound stays in memory until settle.
func (s *spool) add(id int) { s.buf = binary.AppendUvarint(s.buf, uint64(id)) }

// settle writes what was added to the file if it is beyond the bound.
func (s *spool) settle() error {
	if len(s.buf) < s.bound {
		return nil
	}
	return s.spill()
}

func (s *spool) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "triagent-templates-*")
		if err != nil {
			return &errs.Error{Op: "spool lines", Kind: errs.Unavailable, Err: err, Remedy: "give more room to the folder for temporary files"}
		}
		s.file = f
	}
	if _, err := s.file.Write(s.buf); err != nil {
		return &errs.Error{Op: "spool lines", Kind: errs.Exhausted, File: s.file.Name(), Err: err, Remedy: "give more room to the folder for temporary files"}
	}
	s.buf = s.buf[:0]
	return nil
}

// reader gives back what was added, from the start: see nextIDs.
func (s *spool) reader() (*bufio.Reader, error) {
	r := io.Reader(bytes.NewReader(s.buf))
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("spool lines: %w", err)
		}
		r = io.MultiReader(s.file, r)
	}
	return bufio.NewReaderSize(r, 1<<16), nil
}

// nextIDs appends the next ids of a spool to ids until there are n, fewer at the
// end.
func nextIDs(r *bufio.Reader, ids []int32, n int) ([]int32, error) {
	for len(ids) < n {
		if _, err := r.Peek(binary.MaxVarintLen32); err != nil && !errors.Is(err, io.EOF) {
			return ids, fmt.Errorf("spool lines: %w", err)
		}
		text, _ := r.Peek(r.Buffered())
		used := 0
		for len(ids) < n && used < len(text) {
			id, size := binary.Uvarint(text[used:])
			if size <= 0 {
				break // goes on in what was not read yet
			}
			ids, used = append(ids, int32(id)), used+size
		}
		if used == 0 {
			if len(text) > 0 {
				return ids, fmt.Errorf("spool lines: %w", io.ErrUnexpectedEOF)
			}
			return ids, nil
		}
		_, _ = r.Discard(used)
	}
	return ids, nil
}

// Close drops the spool and its file.
func (s *spool) Close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}
