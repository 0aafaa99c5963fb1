package api

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/raw"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/telemetry"
)

// stored finds the bundle of an incident on disk.
func (s *Server) stored(ctx context.Context, id string) (store.Incident, string, error) {
	i, err := s.c.Store.Incident(ctx, id)
	if err != nil {
		return i, "", err
	}
	if i.Bundle == "" {
		return i, "", noBundle(id)
	}
	path, err := s.c.Store.BundlePath(i.Bundle)
	return i, path, err
}

// recorded opens the bundle of an incident.
func (s *Server) recorded(ctx context.Context, id string) (store.Incident, *telemetry.Bundle, error) {
	i, path, err := s.stored(ctx, id)
	if err != nil {
		return i, nil, err
	}
	b, err := s.bundles.Open(ctx, path, "bundle of "+id)
	return i, b, err
}

// named calls the bundle in an error by its incident.
func inBundle(err error, b *telemetry.Bundle, id string) error {
	if err == nil {
		return nil
	}
	return raw.Renamed(err, b.Path, "bundle of "+id)
}

type bundleIn struct {
	Named
	Direct
}

// getBundle gives the archive as it is stored; a part of it, if asked.
func (s *Server) getBundle(ctx context.Context, in *bundleIn) (*huma.StreamResponse, error) {
	i, path, err := s.stored(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &errs.Error{Op: "open the bundle of " + i.ID, Kind: errs.Internal, Err: err}
	}
	st, err := f.Stat()
	if err != nil || st.IsDir() {
		_ = f.Close() // nothing was written
		return nil, &errs.Error{Op: "open the bundle of " + i.ID, Kind: errs.Internal, Err: fmt.Errorf("no regular file: %w", err)}
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer func() { _ = f.Close() }() // nothing was written
		kind, ending := archiveOf(f, filepath.Ext(path))
		h := in.w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Disposition", `attachment; filename="`+i.ID+ending+`"`)
		h.Set("ETag", `"`+i.Bundle+`"`)
		h.Set("Cache-Control", "private, no-cache")
		// A long download must not be cut by a limit meant for small answers.
		_ = http.NewResponseController(in.w).SetWriteDeadline(time.Time{}) // where there is none, none cuts
		http.ServeContent(in.w, in.r, "", st.ModTime(), f)
	}}, nil
}

// archiveOf tells the kind of an archive by its first bytes.
func archiveOf(f *os.File, ext string) (kind, ending string) {
	var head [4]byte
	_, _ = f.ReadAt(head[:], 0) // a short file is of no kind
	switch {
	case head[0] == 0x1f && head[1] == 0x8b:
		return "application/gzip", ".tar.gz"
	case string(head[:]) == "\x28\xb5\x2f\xfd":
		return "application/zstd", ".tar.zst"
	case string(head[:2]) == "PK":
		return "application/zip", ".zip"
	case ext == ".tar":
		return "application/x-tar", ".tar"
	}
	return "application/octet-stream", ".tar"
}
