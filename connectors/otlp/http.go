package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"triagent/connectors/otlp/ring"
	"triagent/internal/errs"
)

// The media types of the protocol.
const (
	typeProto = "application/x-protobuf"
	typeJSON  = "application/json"
)

// again is after how many seconds a sender may come again.
const again = 1

// maxConns bounds the connections of one listener.
const maxConns = 1024

// bounded is a listener that accepts no more than maxConns connections at once.
func bounded(l net.Listener) net.Listener {
	return &limited{Listener: l, slots: make(chan struct{}, maxConns), done: make(chan struct{})}
}

type limited struct {
	net.Listener
	slots chan struct{}
	done  chan struct{}
	once  sync.Once
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &counted{Conn: c, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type counted struct {
	net.Conn
	free func()
}

func (c *counted) Close() error {
	defer c.free()
	return c.Conn.Close()
}

func (r *Receiver) httpServer() *http.Server {
	mux := http.NewServeMux()
	for path, k := range map[string]ring.Kind{"/v1/traces": ring.Traces, "/v1/metrics": ring.Metrics, "/v1/logs": ring.Logs} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, req *http.Request) { r.serveHTTP(w, req, k) })
	}
	return &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: log.New(io.Discard, "", 0), // strangers' faults
	}
}

func (r *Receiver) serveHTTP(w http.ResponseWriter, req *http.Request, k ring.Kind) {
	r.requests.Add(1)
	kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil || kind != typeProto && kind != typeJSON {
		r.refuse(w, typeProto, http.StatusUnsupportedMediaType, codes.InvalidArgument, "send "+typeProto+" or "+typeJSON)
		return
	}
	if err := r.allowed(req.Header.Get("Authorization")); err != nil {
		w.Header().Set("WWW-Authenticate", "Bearer")
		r.refuse(w, kind, http.StatusUnauthorized, codes.Unauthenticated, err.Error())
		return
	}
	text, free, err := r.read(w, req, r.c.MaxBody)
	defer free()
	if err == nil {
		err = r.enter()
	}
	if err != nil {
		r.notTaken(w, kind, err)
		return
	}
	defer r.leave()
	body, code, err := r.unpack(text, req.Header.Get("Content-Encoding"))
	if err != nil {
		r.unfit.Add(1)
		r.refuse(w, kind, code, codes.InvalidArgument, err.Error())
		return
	}
	in, body, err := understand(k, kind, body)
	if err != nil {
		r.unfit.Add(1)
		r.refuse(w, kind, http.StatusBadRequest, codes.InvalidArgument, notUnderstood+short(err))
		return
	}
	v, err := r.keep(req.Context(), k, in, body)
	if err != nil {
		r.notKept(req.Context(), w, kind, err)
		return
	}
	respond(w, kind, http.StatusOK, answer(k, v))
}

// notKept answers a request that could not be put into the ring.
func (r *Receiver) notKept(ctx context.Context, w http.ResponseWriter, kind string, err error) {
	if errors.Is(err, errTooLarge) {
		r.unfit.Add(1)
		r.refuse(w, kind, http.StatusRequestEntityTooLarge, codes.InvalidArgument, err.Error())
		return
	}
	r.tell(ctx, err)
	if errs.KindOf(err) == errs.Unavailable {
		w.Header().Set("Retry-After", strconv.Itoa(again))
		r.refuse(w, kind, http.StatusServiceUnavailable, codes.Unavailable, "it cannot be kept now")
		return
	}
	r.refuse(w, kind, http.StatusInternalServerError, codes.Internal, "it cannot be kept")
}

// notTaken answers a request that was not read, or that found no place.
func (r *Receiver) notTaken(w http.ResponseWriter, kind string, err error) {
	if !mayCome(err) {
		r.unfit.Add(1)
		code := http.StatusBadRequest
		if errors.Is(err, errTooLarge) {
			code = http.StatusRequestEntityTooLarge
		}
		r.refuse(w, kind, code, codes.InvalidArgument, err.Error())
		return
	}
	r.busy.Add(1)
	code, is := http.StatusTooManyRequests, codes.ResourceExhausted
	if errors.Is(err, errSlow) {
		code, is = http.StatusServiceUnavailable, codes.Unavailable // 408 ends it for senders
	}
	w.Header().Set("Retry-After", strconv.Itoa(again))
	r.refuse(w, kind, code, is, err.Error())
}

// unpack decompresses a body within its bound, or says with which status it is
// refused.
func (r *Receiver) unpack(text []byte, encoding string) ([]byte, int, error) {
	switch encoding {
	case "", "identity":
		return text, 0, nil
	case "gzip":
	default:
		return nil, http.StatusUnsupportedMediaType, errors.New("compress with gzip, or not at all")
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, http.StatusBadRequest, errors.New("the body is no gzip")
	}
	b, err := io.ReadAll(io.LimitReader(z, r.c.MaxBody+1))
	if int64(len(b)) > r.c.MaxBody {
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest, errors.New("the body breaks off, or is no gzip")
	}
	return b, 0, nil
}

// refuse answers with a status, as the protocol has it.
func (*Receiver) refuse(w http.ResponseWriter, kind string, code int, c codes.Code, text string) {
	respond(w, kind, code, refusal{&status.Status{Code: int32(c), Message: text}})
}

// refusal is a status as a message.
type refusal struct{ s *status.Status }

func (r refusal) MarshalProto() ([]byte, error) { return proto.Marshal(r.s) }
func (r refusal) MarshalJSON() ([]byte, error)  { return protojson.Marshal(r.s) }

func respond(w http.ResponseWriter, kind string, code int, m message) {
	b, err := m.MarshalProto()
	if kind == typeJSON {
		b, err = m.MarshalJSON()
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(code)
	_, _ = w.Write(b) // the sender may be gone
}

// short is the beginning of an error's text.
func short(err error) string {
	text := err.Error()
	return text[:min(len(text), 200)]
}
