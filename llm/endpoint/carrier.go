package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
	"triagent/llm"
)

// exchange goes with one question through langchaingo and comes back with what
// that does not tell.
type exchange struct {
	question llm.Question
	sent     bool
	stop     string // why the model stopped, of Ollama
	failure  *llm.Failure
}

type exchangeKey struct{}

// carrier carries requests of langchaingo to the server and the answers back.
type carrier struct {
	client *fetch.Client
	s      *Settings
}

// maxAnswer bounds an answer in bytes. The longest that is asked for has some
// thousand tokens.
const maxAnswer = 1 << 20

// RoundTrip is one request. It never answers with what is no success.
func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("a request that belongs to no question")
	}
	body, err := c.outgoing(r, x.question)
	if err != nil {
		return nil, err
	}
	x.sent = true
	var got []byte
	err = c.client.Read(r.Context(), fetch.Request{
		Path: r.URL.Path, Body: body, Header: own(r.Header), Accept: "application/json", Max: maxAnswer, Once: true,
	}, func(answer io.Reader) (err error) {
		got, err = io.ReadAll(answer)
		return err
	})
	if err == nil {
		err = c.incoming(x, got)
	}
	if err != nil {
		if x.failure == nil {
			x.failure = failure(r.Context(), err)
		}
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(got)), ContentLength: int64(len(got)),
	}, nil
}

// own are the headers of langchaingo that the server needs; the rest, and the
// key of OpenAI, are those of the settings.
func own(h http.Header) http.Header {
	out := make(http.Header)
	for _, name := range []string{"X-Api-Key", "Anthropic-Version", "Anthropic-Beta"} {
		if v := h.Values(name); len(v) > 0 {
			out[http.CanonicalHeaderKey(name)] = v
		}
	}
	return out
}

// outgoing is the body of a request with the schema of the answer in it.
func (c *carrier) outgoing(r *http.Request, q llm.Question) ([]byte, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, fmt.Errorf("langchaingo's request: %w", err)
	}
	if len(q.Schema) > 0 && c.s.bound() {
		switch c.s.Kind {
		case OpenAI:
			body["response_format"], err = json.Marshal(map[string]any{
				"type": "json_schema", "json_schema": map[string]any{"name": q.Name, "strict": true, "schema": q.Schema},
			})
		case Ollama:
			body["format"] = q.Schema
		}
	}
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", q.Name, err)
	}
	return json.Marshal(body)
}

// incoming looks whether an answer is one.
func (c *carrier) incoming(x *exchange, got []byte) error {
	var answer struct {
		Error      json.RawMessage   `json:"error"`
		Choices    []json.RawMessage `json:"choices"`
		DoneReason string            `json:"done_reason"`
		Done       *bool             `json:"done"`
	}
	if err := json.Unmarshal(got, &answer); err != nil {
		x.failure = llm.Failed(llm.Garbled, errs.Unavailable, "its answer is no JSON")
		return x.failure
	}
	if said := strings.TrimSpace(string(answer.Error)); said != "" && said != "null" {
		x.failure = llm.Failed(llm.Garbled, errs.Unavailable, "it says that all is well, and: %.200s", said)
		return x.failure
	}
	if c.s.Kind == OpenAI && (len(answer.Choices) == 0 || string(answer.Choices[0]) == "null") {
		x.failure = llm.Failed(llm.Empty, errs.Unavailable, "%w", errNothing)
		return x.failure
	}
	x.stop = answer.DoneReason
	if x.stop == "" && answer.Done != nil && *answer.Done { // an Ollama that is older than the field
		x.stop = "stop"
	}
	return nil
}

// failure says what an error of the line means for a question.
func failure(ctx context.Context, err error) *llm.Failure {
	f := &llm.Failure{Why: llm.Down, Err: err, After: fetch.AfterOf(err)}
	code := fetch.StatusOf(err)
	text := strings.ToLower(err.Error())
	switch {
	case code == http.StatusTooManyRequests || code == 529: // Anthropic's "overloaded"
		f.Why = llm.Busy
	case code == http.StatusRequestEntityTooLarge, code == http.StatusBadRequest && tooLong(text):
		f.Why = llm.TooLong
	case code == http.StatusRequestTimeout, code == http.StatusGatewayTimeout, fetch.Late(err), ctx.Err() != nil:
		f.Why = llm.Slow
	case code >= 400 && code < 500:
		f.Why = llm.Refused
	case fetch.Huge(err), errs.KindOf(err) == errs.Invalid && code == 0:
		f.Why = llm.Garbled
	case errs.KindOf(err) == errs.Denied:
		f.Why = llm.Refused
	}
	return f
}

// tooLong knows the words that servers have for a question that does not fit:
// OpenAI, vLLM, llama.cpp, Anthropic, Ollama.
func tooLong(text string) bool {
	for _, w := range []string{"context_length_exceeded", "maximum context length", "exceed_context_size", "prompt is too long", "exceeds the available context", "context window"} {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
