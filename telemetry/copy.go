package telemetry

import (
	"context"
	"errors"
	"io"
)

// Copy writes b again as a new bundle at dst, see Write; truth may be nil.
// Logs are copied byte by byte. The rest is written in canonical form: a bundle
// that this package wrote comes out with the same bytes in each part, another
// one with the same content as far as this package knows it.
func Copy(ctx context.Context, dst string, b *Bundle, truth *Truth) error {
	return Write(ctx, dst, func(w *Writer) error {
		if err := w.Incident(b.Incident, b.LogZone); err != nil {
			return err
		}
		if err := copySmall(w, b, truth); err != nil {
			return err
		}
		for i := range b.Tables {
			if err := w.Table(&b.Tables[i]); err != nil {
				return err
			}
		}
		for _, p := range b.parts.logs {
			if err := copyLog(ctx, w, b, p); err != nil {
				return err
			}
		}
		return copySpans(ctx, w, b)
	})
}

func copySmall(w *Writer, b *Bundle, truth *Truth) error {
	if b.parts.topology != "" {
		t := b.Topology
		t.Nodes = nil
		for _, n := range b.Topology.Nodes {
			if n.Known {
				t.Nodes = append(t.Nodes, n)
			}
		}
		if err := w.Topology(t); err != nil {
			return err
		}
	}
	if b.parts.changes != "" {
		if err := w.Changes(b.Changes); err != nil {
			return err
		}
	}
	if b.parts.alerts != "" {
		if err := w.Alerts(b.Alerts); err != nil {
			return err
		}
	}
	if b.parts.collected != "" {
		if err := w.Collected(&b.Collected); err != nil {
			return err
		}
	}
	if truth != nil {
		return w.Truth(truth)
	}
	return nil
}

func copyLog(ctx context.Context, w *Writer, b *Bundle, p part) error {
	r, err := b.Member(ctx, p.name)
	if err != nil {
		return err
	}
	defer shut(r)
	_, kind := splitKind(p.name)
	m, err := w.member("logs/", p.node, kind)
	if err != nil {
		return err
	}
	_, err = io.Copy(m, r)
	return errors.Join(err, m.Close())
}

func copySpans(ctx context.Context, w *Writer, b *Bundle) error {
	if !b.HasSpans {
		return nil
	}
	s, err := w.Spans()
	if err != nil {
		return err
	}
	return errors.Join(b.Spans(ctx, s.Write), s.Close())
}
