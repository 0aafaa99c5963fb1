package api_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestUploadInPieces(t *testing.T) {
	s := start(t, 1, nil)
	b := bundle(t, 3)
	resp, body := s.do(http.MethodPost, "/api/v1/uploads", strings.NewReader(`{"name":"x.tar.gz","size":`+strconv.Itoa(len(b))+`}`), "Content-Type", "application/json")
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	at := resp.Header.Get("Location")
	half := len(b) / 2
	send := func(offset int, piece []byte) *answer {
		resp, _ := s.do(http.MethodPatch, at, bytes.NewReader(piece), "Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(offset))
		return resp
	}
	if r := send(0, b[:half]); r.StatusCode != 204 || r.Header.Get("Upload-Offset") != strconv.Itoa(half) {
		t.Fatalf("the first piece: %d at %s", r.StatusCode, r.Header.Get("Upload-Offset"))
	}
	if r := send(0, b[:half]); r.StatusCode != http.StatusConflict || r.Header.Get("Upload-Offset") != strconv.Itoa(half) {
		t.Errorf("a piece that is there already: %d at %q", r.StatusCode, r.Header.Get("Upload-Offset"))
	}
	if r, text := s.do(http.MethodPost, at+"/finish", nil); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("finish too early: %d %s", r.StatusCode, text)
	}
	if r, _ := s.do(http.MethodHead, at, nil); r.StatusCode != 200 || r.Header.Get("Upload-Offset") != strconv.Itoa(half) {
		t.Errorf("HEAD: %d at %q", r.StatusCode, r.Header.Get("Upload-Offset"))
	}
	if r := send(half, b[half:]); r.StatusCode != 204 {
		t.Fatalf("the second piece: %d", r.StatusCode)
	}
	var first, again struct{ ID string }
	r, text := s.do(http.MethodPost, at+"/finish", strings.NewReader(`{"title":"In pieces"}`), "Content-Type", "application/json")
	if r.StatusCode != http.StatusAccepted || json.Unmarshal(text, &first) != nil {
		t.Fatalf("finish: %d %s", r.StatusCode, text)
	}
	r, text = s.do(http.MethodPost, at+"/finish", nil)
	if r.StatusCode != http.StatusAccepted || json.Unmarshal(text, &again) != nil || first.ID != again.ID {
		t.Errorf("finish again: %d %s, want %s", r.StatusCode, text, first.ID)
	}
	s.diagnosed(first.ID)
}

func TestOpening(t *testing.T) {
	s := start(t, 0, nil)
	post := func(kind, body string, header ...string) (int, string) {
		resp, b := s.do(http.MethodPost, "/api/v1/incidents", strings.NewReader(body), append(header, "Content-Type", kind)...)
		return resp.StatusCode, string(b)
	}
	status, one := post("application/json", `{"title":"Slow","severity":"critical","nodes":["b","a"]}`, "Idempotency-Key", "k1")
	if status != 202 || !strings.Contains(one, `"nodes":["a","b"]`) {
		t.Fatalf("%d %s", status, one)
	}
	if status, two := post("application/json", `{"title":"Slow","severity":"critical","nodes":["b","a"]}`, "Idempotency-Key", "k1"); status != 202 || !strings.Contains(two, `"id":"inc-1"`) {
		t.Errorf("the same again: %d %s", status, two)
	}
	for _, tt := range []struct {
		name, kind, body, key string
		want                  int
	}{
		{"another body under the key", "application/json", `{"title":"Other"}`, "k1", 422},
		{"no JSON", "application/json", `{"title":`, "", 400},
		{"a list", "application/json", `[]`, "", 400},
		{"unknown field", "application/json", `{"title":"x","secret":1}`, "", 422},
		{"no title", "application/json", `{}`, "", 422},
		{"NUL", "application/json", `{"title":"a\u0000b"}`, "", 400},
		{"wrong severity", "application/json", `{"title":"x","severity":"huge"}`, "", 422},
		{"window upside down", "application/json", `{"title":"x","from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}`, "", 422},
		{"another type", "text/plain", "x", "", 415},
		{"no archive", "application/gzip", "this is no archive", "", 422},
		{"nothing", "application/gzip", "", "", 400},
		{"form without end", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"a\"\r\n\r\nabc", "", 400},
		{"form without bundle", "multipart/form-data; boundary=x", "--x--\r\n", "", 422},
		{"form without boundary", "multipart/form-data", "x", "", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, b := post(tt.kind, tt.body, "Idempotency-Key", tt.key); status != tt.want || !strings.Contains(b, `"request_id":"`) {
				t.Errorf("%d %s, want %d", status, b, tt.want)
			}
		})
	}
}

func TestOpeningByForm(t *testing.T) {
	s := start(t, 0, nil)
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	f, err := form.CreateFormFile("bundle", "Mine.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bundle(t, 1)); err != nil {
		t.Fatal(err)
	}
	_ = form.WriteField("title", "By a form")
	_ = form.WriteField("severity", "critical")
	_ = form.Close()
	resp, text := s.do(http.MethodPost, "/api/v1/incidents", &b, "Content-Type", form.FormDataContentType())
	if resp.StatusCode != 202 || !strings.Contains(string(text), `"title":"By a form"`) || !strings.Contains(string(text), `"critical"`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}

func TestQueueIsBounded(t *testing.T) {
	s := start(t, 0, nil) // four may wait, and nobody works
	for range 4 {
		s.upload(0)
	}
	resp, b := s.do(http.MethodPost, "/api/v1/incidents", bytes.NewReader(bundle(t, 0)), "Content-Type", "application/gzip")
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q: %s", resp.StatusCode, resp.Header.Get("Retry-After"), b)
	}
	var q struct {
		Capacity, Queued int
		Items            []struct{ Position int }
	}
	s.get("/api/v1/queue", &q)
	if q.Capacity != 4 || q.Queued != 4 || len(q.Items) != 4 || q.Items[3].Position != 3 {
		t.Errorf("%+v", q)
	}
}

func TestOptimisticLocking(t *testing.T) {
	s := start(t, 0, nil)
	path := "/api/v1/incidents/" + s.upload(0)
	edit := func(match, body string) (*answer, []byte) {
		h := []string{"Content-Type", "application/json"}
		if match != "" {
			h = append(h, "If-Match", match)
		}
		return s.do(http.MethodPatch, path, strings.NewReader(body), h...)
	}
	var i struct{ Version int }
	tag := s.get(path, &i).Header.Get("ETag")
	if r, b := edit("", `{"title":"x"}`); r.StatusCode != http.StatusPreconditionRequired {
		t.Errorf("without If-Match: %d %s", r.StatusCode, b)
	}
	if r, b := edit(tag, `{"status":"resolved"}`); r.StatusCode != 200 || !strings.Contains(string(b), `"status":"resolved"`) {
		t.Errorf("with it: %d %s", r.StatusCode, b)
	}
	if r, b := edit(tag, `{"title":"x"}`); r.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("with an old one: %d %s", r.StatusCode, b)
	}
	if r := s.get(path, &i); r.Header.Get("ETag") == tag {
		t.Error("who wrote reads the old version")
	}
	resp, _ := s.do(http.MethodGet, path, nil, "If-None-Match", s.get(path, &i).Header.Get("ETag"))
	if resp.StatusCode != http.StatusNotModified {
		t.Errorf("If-None-Match: %d", resp.StatusCode)
	}
}

func TestLists(t *testing.T) {
	s := start(t, 0, nil)
	for n := range 4 {
		s.upload(n)
	}
	var page struct {
		Items []struct{ ID string }
		Next  *string
		Total *int
	}
	s.get("/api/v1/incidents?limit=3&count=true&sort=number", &page)
	if len(page.Items) != 3 || page.Next == nil || page.Total == nil || *page.Total != 4 {
		t.Fatalf("%+v", page)
	}
	next := *page.Next
	s.get("/api/v1/incidents?limit=3&sort=number&cursor="+next, &page)
	if len(page.Items) != 1 || page.Next != nil || page.Items[0].ID != "inc-4" {
		t.Errorf("the second page is %+v", page)
	}
	for _, q := range []string{"status=broken", "severity=huge", "limit=0", "limit=501", "cursor=nonsense", "unknown=1", "from=yesterday"} {
		resp, b := s.do(http.MethodGet, "/api/v1/incidents?"+q, nil)
		if resp.StatusCode != http.StatusUnprocessableEntity || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", q, resp.StatusCode, b)
		}
		if strings.Contains(string(b), "nonsense") || strings.Contains(string(b), "yesterday") {
			t.Errorf("%s: the answer repeats what was sent: %s", q, b)
		}
	}
}

func TestRest(t *testing.T) {
	s := start(t, 1, nil)
	id := s.upload(0)
	s.diagnosed(id)
	for _, path := range []string{
		"/healthz", "/readyz", "/api/v1/topology", "/api/v1/alerts", "/api/v1/checks", "/api/v1/vocabulary?lang=zh", "/api/v1/audit",
		"/api/v1/audit/verify", "/api/v1/evaluations", "/api/v1/settings/service", "/api/v1/openapi.json", "/api/v1/incidents/" + id + "/alerts",
		"/api/v1/incidents/" + id + "/attempts", "/api/v1/incidents/" + id + "/feedback",
	} {
		var v map[string]any
		s.get(path, &v)
	}
	json := func(method, path, body string, want int, header ...string) {
		t.Helper()
		if r, b := s.do(method, path, strings.NewReader(body), append(header, "Content-Type", "application/json")...); r.StatusCode != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, r.StatusCode, b, want)
		}
	}
	json("POST", "/api/v1/incidents/"+id+"/feedback", `{"verdict":"wrong","node":"x","fault":"disk_full"}`, 201)
	json("POST", "/api/v1/incidents/"+id+"/feedback", `{"verdict":"maybe"}`, 422)
	json("POST", "/api/v1/incidents/"+id+"/case", `{"node":"x","fault":"disk_full"}`, 200)
	json("POST", "/api/v1/incidents/"+id+"/case", `{}`, 422)
	json("DELETE", "/api/v1/incidents/"+id+"/case", ``, 200)
	json("POST", "/api/v1/incidents/"+id+"/diagnose", ``, 202)
	json("PUT", "/api/v1/settings/service", `{"public_url":"https://triagent.example.org"}`, 428)
	json("PUT", "/api/v1/settings/service", `{"public_url":"https://triagent.example.org"}`, 200, "If-Match", `"0"`)
	json("PUT", "/api/v1/settings/service", `{"public_url":"https://triagent.example.org"}`, 412, "If-Match", `"0"`)
	json("PUT", "/api/v1/settings/service", `{"public_url":"javascript:alert(1)"}`, 422, "If-Match", `"1"`)
	json("GET", "/api/v1/nowhere", ``, 404)
	json("DELETE", "/api/v1/incidents", ``, 405)
	json("GET", "/api/v1/incidents/inc-99", ``, 404)
	json("GET", "/api/v1/incidents/inc-99/events", ``, 404)
	json("GET", "/api/v1/incidents/..%2f..", ``, 422)
	json("GET", "/api/v1/incidents?q=%00", ``, 400)
}

func TestPage(t *testing.T) {
	s := start(t, 0, nil)
	resp, b := s.do(http.MethodGet, "/incidents/inc-1", nil)
	if ct := resp.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/html") || resp.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%d %s: %.100s", resp.StatusCode, ct, b)
	}
	if resp, _ = s.do(http.MethodGet, "/assets/none.js", nil); resp.StatusCode != 404 {
		t.Errorf("a file that is not there: %d", resp.StatusCode)
	}
}
