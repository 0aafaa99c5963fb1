package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// page serves the built page: files under assets/ have names that never mean
// anything else and are cached for ever, index.html is asked for again each
// time, and stands for every route of the page.
type page struct {
	files fs.FS

	mu    sync.Mutex
	ready map[string]*asset
}

// asset is a file in memory, as it is and compressed.
type asset struct {
	plain, zipped []byte
	kind, tag     string
}

func newPage(files fs.FS) *page { return &page{files: files, ready: map[string]*asset{}} }

const unbuilt = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Triagent</title></head><body>
<h1>The page is not part of this program</h1>
<p>The service runs and its REST API answers under <code>/api/v1</code>, but the page was not built before the program was.
Build both with <code>make build</code> and start it again.</p></body></html>
`

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeProblem(w, r, problem(http.StatusMethodNotAllowed, "The page can only be read."))
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if a := p.asset(name); name != "" && a != nil && name != "index.html" {
		a.write(w, r, strings.HasPrefix(name, "assets/"))
		return
	}
	if path.Ext(name) != "" && name != "index.html" || strings.HasPrefix(name, "assets/") {
		writeProblem(w, r, problem(http.StatusNotFound, "There is no such file."))
		return
	}
	a := p.asset("index.html")
	if a == nil {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(unbuilt)) // the caller is gone: nobody to tell
		return
	}
	a.write(w, r, false)
}

// asset returns a file of the page; nil if there is none.
func (p *page) asset(name string) *asset {
	if name == "" || !fs.ValidPath(name) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, ok := p.ready[name]; ok {
		return a
	}
	b, err := fs.ReadFile(p.files, name)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(b)
	a := &asset{plain: b, kind: mime.TypeByExtension(path.Ext(name)), tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	switch path.Ext(name) { // the types of the machine may be missing
	case ".js", ".mjs":
		a.kind = "text/javascript; charset=utf-8"
	case ".css":
		a.kind = "text/css; charset=utf-8"
	case ".html":
		a.kind = "text/html; charset=utf-8"
	case ".svg":
		a.kind = "image/svg+xml"
	case ".json", ".webmanifest", ".map":
		a.kind = "application/json"
	case ".woff2":
		a.kind = "font/woff2"
	}
	if a.kind == "" {
		a.kind = "application/octet-stream"
	}
	a.zip()
	p.ready[name] = a
	return a
}

// zip keeps a compressed form where that is smaller by a tenth.
func (a *asset) zip() {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return
	}
	if _, err = z.Write(a.plain); err != nil || z.Close() != nil {
		return
	}
	if b.Len() < len(a.plain)*9/10 {
		a.zipped = b.Bytes()
	}
}

func (a *asset) write(w http.ResponseWriter, r *http.Request, forever bool) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	tag, body := a.tag, a.plain
	if a.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		tag, body = strings.TrimSuffix(a.tag, `"`)+`-gz"`, a.zipped
	}
	h.Set("ETag", tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
