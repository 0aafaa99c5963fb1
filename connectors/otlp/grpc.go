package otlp

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // senders may compress
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"triagent/connectors/otlp/ring"
	"triagent/internal/errs"
)

// grpcServer speaks gRPC. HTTP/2 is the standard library's, since that lets a
// body be read, and its memory be counted, before a request takes a place.
func (r *Receiver) grpcServer() *http.Server {
	g := grpc.NewServer(grpc.MaxRecvMsgSize(int(r.c.MaxBody)), grpc.ForceServerCodecV2(codec{}))
	for _, k := range every {
		g.RegisterService(r.service(k), r)
	}
	s := &http.Server{
		Handler: r.admit(g), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 10 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: log.New(io.Discard, "", 0), // strangers' faults
		Protocols: new(http.Protocols),
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: r.c.AtOnce},
	}
	s.Protocols.SetHTTP2(r.tls != nil)
	s.Protocols.SetUnencryptedHTTP2(r.tls == nil)
	return s
}

// frame is what gRPC puts before a message, in bytes.
const frame = 5

// admit refuses requests without the token, reads the others, and lets as many
// at once go on as there are places.
func (r *Receiver) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.requests.Add(1)
		if err := r.allowed(req.Header.Get("Authorization")); err != nil {
			refuseGRPC(w, status.New(codes.Unauthenticated, err.Error()))
			return
		}
		body, free, err := r.read(w, req, r.c.MaxBody+frame)
		defer free()
		if err == nil {
			err = r.enter()
		}
		switch {
		case err == nil:
			defer r.leave()
			req.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, req)
		case errors.Is(err, errSlow):
			r.busy.Add(1)
			refuseGRPC(w, comeAgain(codes.Unavailable, err.Error()))
		case mayCome(err):
			r.busy.Add(1)
			refuseGRPC(w, comeAgain(codes.ResourceExhausted, err.Error()))
		case errors.Is(err, errTooLarge):
			r.unfit.Add(1)
			refuseGRPC(w, status.New(codes.ResourceExhausted, err.Error())) // as gRPC has it
		default:
			r.unfit.Add(1)
			refuseGRPC(w, status.New(codes.InvalidArgument, err.Error()))
		}
	})
}

// refuseGRPC answers with a status alone (gRPC over HTTP2, Trailers-Only).
func refuseGRPC(w http.ResponseWriter, s *status.Status) {
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", strconv.Itoa(int(s.Code())))
	h.Set("Grpc-Message", s.Message()) // our own words: ASCII, and no %
	if b, err := proto.Marshal(s.Proto()); err == nil && len(s.Details()) > 0 {
		h.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(b))
	}
	w.WriteHeader(http.StatusOK)
}

// comeAgain is a status that says when to try again: without it, senders take
// ResourceExhausted for the end.
func comeAgain(c codes.Code, text string) *status.Status {
	s := status.New(c, text)
	if with, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(again * time.Second)}); err == nil {
		return with
	}
	return s
}

// export keeps one request that came over gRPC.
func (r *Receiver) export(ctx context.Context, k ring.Kind, body []byte) (message, error) {
	req, body, err := understand(k, typeProto, body)
	if err != nil {
		r.unfit.Add(1)
		return nil, status.Error(codes.InvalidArgument, notUnderstood+short(err))
	}
	v, err := r.keep(ctx, k, req, body)
	switch {
	case err == nil:
		return answer(k, v), nil
	case errors.Is(err, errTooLarge):
		r.unfit.Add(1)
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	r.tell(ctx, err)
	if errs.KindOf(err) == errs.Unavailable {
		return nil, comeAgain(codes.Unavailable, "it cannot be kept now").Err()
	}
	return nil, status.Error(codes.Internal, "it cannot be kept")
}

// services are those of the protocol, by ring.Kind.
var services = [...]string{
	ring.Traces:  "opentelemetry.proto.collector.trace.v1.TraceService",
	ring.Metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
	ring.Logs:    "opentelemetry.proto.collector.logs.v1.LogsService",
}

// service takes requests of a kind as bytes, which are looked at before they are
// read.
func (r *Receiver) service(k ring.Kind) *grpc.ServiceDesc {
	handle := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var body []byte
		if err := decode(&body); err != nil {
			return nil, err
		}
		return r.export(ctx, k, body)
	}
	return &grpc.ServiceDesc{ServiceName: services[k], HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{MethodName: "Export", Handler: handle}}}
}

// codec leaves requests as they came.
type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Unmarshal(data mem.BufferSlice, to any) error {
	b, ok := to.(*[]byte)
	if !ok {
		return errs.New(errs.Internal, "a request cannot be read into %T", to)
	}
	*b = data.Materialize()
	return nil
}

func (codec) Marshal(from any) (mem.BufferSlice, error) {
	m, ok := from.(message)
	if !ok {
		return nil, errs.New(errs.Internal, "%T is no answer", from)
	}
	b, err := m.MarshalProto()
	return mem.BufferSlice{mem.SliceBuffer(b)}, err
}
