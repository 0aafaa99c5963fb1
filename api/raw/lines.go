package raw

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"triagent/internal/errs"
	"triagent/telemetry"
)

// Excerpt is a part of a file of a bundle.
type Excerpt struct {
	File  string `json:"file"`
	Lines []Line `json:"lines"`
	More  bool   `json:"more" doc:"The file goes on"`
}

// Line is a line of a file.
type Line struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

// Lines returns a line of a file with those around it. A file or a line that is
// not there gives kind errs.NotFound.
func (c *Bundles) Lines(ctx context.Context, b *telemetry.Bundle, file string, line, around int) (*Excerpt, error) {
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.slots.Release(1)
	r, err := b.Member(ctx, file)
	if err != nil {
		if errs.KindOf(err) == errs.NotFound {
			return nil, errs.New(errs.NotFound, "the bundle has no such file")
		}
		return nil, err
	}
	out, err := excerpt(ctx, r, line-around, line+around)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if len(out.Lines) == 0 || out.Lines[len(out.Lines)-1].N < line {
		return nil, errs.New(errs.NotFound, "the file has no such line")
	}
	out.File = file
	return out, nil
}

// excerpt reads the lines from one number to another.
func excerpt(ctx context.Context, r io.Reader, from, to int) (*Excerpt, error) {
	out := &Excerpt{Lines: []Line{}}
	in := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		if n%8192 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if n > to {
			_, err := in.Peek(1)
			out.More = err == nil
			return out, nil
		}
		text, err := nextLine(in, n >= from)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if n >= from {
			out.Lines = append(out.Lines, Line{n, text})
		}
	}
}

// nextLine reads a line, whose text is cut and made if it is wanted. Its error
// is io.EOF only if there is no line.
func nextLine(in *bufio.Reader, wanted bool) (string, error) {
	var text []byte
	for first := true; ; first = false {
		part, err := in.ReadSlice('\n')
		if wanted && len(text) < maxText {
			text = append(text, part[:min(len(part), maxText-len(text))]...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(part) > 0 || !first):
			err = nil
		}
		return strings.ToValidUTF8(strings.TrimRight(string(text), "\r\n"), "\uFFFD"), err
	}
}
