package importer

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The wire form of the parts of a bundle, as far as importers fill them.
type (
	incidentJSON struct {
		Version  int         `json:"version"`
		ID       string      `json:"id"`
		Title    string      `json:"title"`
		System   string      `json:"system,omitempty"`
		Window   *windowJSON `json:"window,omitempty"`
		Baseline *windowJSON `json:"baseline,omitempty"`
		Alert    *alertJSON  `json:"alert,omitempty"`
		LogZone  string      `json:"log_zone,omitempty"`
	}
	windowJSON struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	}
	alertJSON struct {
		Name string    `json:"name"`
		Node string    `json:"node"`
		At   time.Time `json:"at"`
	}
	topologyJSON struct {
		Nodes  []nodeJSON  `json:"nodes"`
		Groups []groupJSON `json:"groups,omitempty"`
	}
	nodeJSON struct {
		ID      string `json:"id"`
		Host    string `json:"host,omitempty"`
		Service string `json:"service,omitempty"`
	}
	groupJSON struct {
		ID        string   `json:"id"`
		Members   []string `json:"members"`
		Consensus string   `json:"consensus,omitempty"`
	}
	truthJSON struct {
		Healthy bool        `json:"healthy"`
		Causes  []causeJSON `json:"causes"`
		Split   string      `json:"split"`
	}
	causeJSON struct {
		Node    string     `json:"node,omitempty"`
		Service string     `json:"service,omitempty"`
		Fault   string     `json:"fault"`
		Accept  []string   `json:"accept,omitempty"`
		Label   string     `json:"label,omitempty"`
		From    *time.Time `json:"from,omitempty"`
		To      *time.Time `json:"to,omitempty"`
	}
)

func window(from, to time.Time) *windowJSON { return &windowJSON{From: from.UTC(), To: to.UTC()} }

func moment(t time.Time) *time.Time {
	t = t.UTC()
	return &t
}

// causesOf makes the causes of a truth from a set's own label. Zero times of w
// mean that the set does not say when.
func causesOf(set, label, node, service string, w windowJSON) ([]causeJSON, error) {
	named, err := Causes(set, label)
	if err != nil {
		return nil, err
	}
	var out []causeJSON
	for _, n := range named {
		c := causeJSON{Node: node, Service: service, Fault: n.Fault, Accept: n.Accept, Label: label}
		if !w.From.IsZero() {
			c.From = moment(w.From)
		}
		if !w.To.IsZero() {
			c.To = moment(w.To)
		}
		out = append(out, c)
	}
	return out, nil
}

// bundle writes one bundle into a folder beside its place, and moves it there
// when it is whole.
type bundle struct {
	dir, tmp string
	err      error
}

// newBundle starts the bundle that will be folder dir.
func newBundle(dir string) *bundle {
	b := &bundle{dir: dir, tmp: dir + ".tmp"}
	b.err = os.RemoveAll(b.tmp)
	if b.err == nil {
		b.err = os.MkdirAll(b.tmp, 0o755)
	}
	return b
}

// json stores v as a member.
func (b *bundle) json(name string, v any) {
	if b.err != nil {
		return
	}
	var text []byte
	if text, b.err = json.MarshalIndent(v, "", " "); b.err == nil {
		b.err = os.WriteFile(filepath.Join(b.tmp, name), append(text, '\n'), 0o644)
	}
}

// member stores what fill writes; a name that ends in .zst is compressed.
func (b *bundle) member(name string, fill func(w *bufio.Writer) error) {
	if b.err == nil {
		b.err = writeMember(filepath.Join(b.tmp, filepath.FromSlash(name)), fill)
	}
}

// close moves the bundle to its place, or removes what there is of it.
func (b *bundle) close() error {
	if b.err == nil {
		b.err = os.RemoveAll(b.dir)
	}
	if b.err == nil {
		b.err = os.Rename(b.tmp, b.dir)
	}
	if b.err != nil {
		_ = os.RemoveAll(b.tmp)
	}
	return b.err
}

func writeMember(name string, fill func(w *bufio.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	var to io.Writer = f
	var z *zstd.Encoder
	if filepath.Ext(name) == ".zst" {
		// One thread and a fixed level: the same input gives the same bytes.
		if z, err = zstd.NewWriter(f, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
			return err
		}
		to = z
	}
	w := bufio.NewWriterSize(to, 1<<18)
	if err := fill(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if z != nil {
		return z.Close()
	}
	return nil
}

// memberPath joins parts with slashes, as a manifest has it.
func memberPath(parts ...string) string { return path.Join(parts...) }
