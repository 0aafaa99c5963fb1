// Package scripted is a model server that plays a part: it speaks the protocols
// of OpenAI, Anthropic and Ollama on a loopback port and answers as it is told,
// well, badly or not at all. It is for tests and for `triagent eval`.
package scripted

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Question is what the server was asked.
type Question struct {
	System, User string
	Schema       json.RawMessage // nil: none was sent
	MaxTokens    int
}

// Part is how one question is answered. The zero Part answers "ok".
type Part struct {
	Text  string        // of the answer
	Fault Fault         // in place of an answer, or done to it
	Wait  time.Duration // before anything is sent
	After int           // seconds of Retry-After, with Busy
}

// Fault is what goes wrong on the line.
type Fault string

// The faults.
const (
	None        Fault = ""
	Busy        Fault = "429"
	Broken      Fault = "500"
	Denied      Fault = "401"
	TooLong     Fault = "too long"       // 400, as servers say that a prompt does not fit
	Garbage     Fault = "garbage"        // 200, and no JSON
	ErrorInside Fault = "200 with error" // 200, {"error": ...}
	EmptyChoice Fault = "empty choice"   // 200, choices: []
	NullChoice  Fault = "null choice"    // 200, choices: [null]
	CutOff      Fault = "cut off"        // the connection ends in the middle of the answer
	Length      Fault = "length"         // the model stopped for its limit
	NoReason    Fault = "no stop reason" // the answer ends without one
	Endless     Fault = "10 MB"          // an answer of ten megabytes
	Page        Fault = "page"           // 200, a page of HTML
)

// Faults are all but None.
var Faults = []Fault{Busy, Broken, Denied, TooLong, Garbage, ErrorInside, EmptyChoice, NullChoice, CutOff, Length, NoReason, Endless, Page}

// Server is a model server. Close it.
type Server struct {
	URL string

	play func(Question) Part
	http *httptest.Server
	mu   sync.Mutex
	seen []Question
}

// Serve starts a server that answers every question as play says; nil plays the
// zero Part. Play may be called concurrently.
func Serve(play func(Question) Part) *Server {
	if play == nil {
		play = func(Question) Part { return Part{} }
	}
	s := &Server{play: play}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Close ends the server and what it is answering.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Asked are the questions so far, in the order they came.
func (s *Server) Asked() []Question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Question(nil), s.seen...)
}

// wire is one protocol: what a question is in it, and what an answer.
type wire struct {
	read  func(body []byte) (Question, error)
	write func(q Question, text, stop string) any
	// stopped and full are the words for an answer that is whole, and for one that
	// reached its limit.
	stopped, full string
}

var wires = map[string]wire{
	"/chat/completions": {readOpenAI, writeOpenAI, "stop", "length"},
	"/messages":         {readAnthropic, writeAnthropic, "end_turn", "max_tokens"},
	"/api/chat":         {readOllama, writeOllama, "stop", "length"},
}

// ServeHTTP answers one question.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for path, p := range wires {
		if strings.HasSuffix(r.URL.Path, path) {
			s.answer(w, r, p)
			return
		}
	}
	http.Error(w, `{"error": {"message": "no such path"}}`, http.StatusNotFound)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, p wire) {
	var body json.RawMessage
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8<<20)).Decode(&body)
	var q Question
	if err == nil {
		q, err = p.read(body)
	}
	if err != nil {
		http.Error(w, fmt.Sprintf(`{"error": {"message": %q}}`, err), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.seen = append(s.seen, q)
	s.mu.Unlock()
	part := s.play(q)
	if part.Wait > 0 {
		t := time.NewTimer(part.Wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
	}
	if part.Text == "" {
		part.Text = "ok"
	}
	part.send(w, q, p)
}

// send plays a part.
func (part Part) send(w http.ResponseWriter, q Question, p wire) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	stop := p.stopped
	switch part.Fault {
	case Busy, Broken, Denied, TooLong:
		part.refuse(w)
		return
	case Garbage:
		_, _ = fmt.Fprint(w, "]] the model fell over [[")
		return
	case Page:
		h.Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<html><body>please log in</body></html>")
		return
	case ErrorInside:
		_, _ = fmt.Fprint(w, `{"error": {"message": "upstream is gone", "code": 502}}`)
		return
	case EmptyChoice:
		_, _ = fmt.Fprint(w, `{"choices": [], "content": [], "done": true, "done_reason": "stop", "stop_reason": "end_turn"}`)
		return
	case NullChoice:
		_, _ = fmt.Fprint(w, `{"choices": [null], "content": [null], "message": null, "done": true, "done_reason": "stop"}`)
		return
	case Length:
		stop = p.full
	case NoReason:
		stop = ""
	case Endless:
		part.Text = strings.Repeat("and so on ", 1<<20)
	}
	text, _ := json.Marshal(p.write(q, part.Text, stop))
	if part.Fault == CutOff {
		h.Set("Content-Length", fmt.Sprint(len(text)))
		text = text[:len(text)/2]
	}
	_, _ = w.Write(text)
}

func (part Part) refuse(w http.ResponseWriter) {
	code, said := http.StatusInternalServerError, `{"error": {"message": "it broke"}}`
	switch part.Fault {
	case Busy:
		code, said = http.StatusTooManyRequests, `{"error": {"message": "slow down"}}`
		if part.After > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(part.After))
		}
	case Denied:
		code, said = http.StatusUnauthorized, `{"error": {"message": "no such key"}}`
	case TooLong:
		code, said = http.StatusBadRequest, `{"error": {"message": "This model's maximum context length is 8192 tokens", "code": "context_length_exceeded"}}`
	}
	w.WriteHeader(code)
	_, _ = fmt.Fprint(w, said)
}
