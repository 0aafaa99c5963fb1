package otlp

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // senders may compress
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/types/known/durationpb"

	"triagent/connectors/otlp/ring"
	"triagent/internal/errs"
)

func (r *Receiver) grpcServer() *grpc.Server {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(int(r.c.MaxBody)), grpc.MaxHeaderListSize(16 << 10), grpc.MaxConcurrentStreams(uint32(r.c.AtOnce)),
		grpc.ConnectionTimeout(10 * time.Second), grpc.InTapHandle(r.tap), grpc.UnaryInterceptor(r.intercept), grpc.ForceServerCodecV2(codec{}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 10 * time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
	if r.tls != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(r.tls)))
	}
	s := grpc.NewServer(options...)
	for _, k := range every {
		s.RegisterService(r.service(k), r)
	}
	return s
}

// tap refuses before a request is read: those without the token, and all that
// come while there are too many.
func (r *Receiver) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	header := ""
	if v := metadata.MD(info.Header).Get("authorization"); len(v) > 0 {
		header = v[0]
	}
	if err := r.allowed(header); err != nil {
		return ctx, status.Error(codes.Unauthenticated, err.Error())
	}
	if r.inside.Load() >= int64(r.c.AtOnce) {
		r.requests.Add(1)
		r.busy.Add(1)
		return ctx, comeAgain(codes.ResourceExhausted, errBusy.Error())
	}
	return ctx, nil
}

func (r *Receiver) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	r.requests.Add(1)
	if err := r.enter(); err != nil {
		return nil, comeAgain(codes.ResourceExhausted, err.Error())
	}
	defer r.leave()
	return handle(ctx, req)
}

// comeAgain is a status that says when to try again: without it, senders take
// ResourceExhausted for the end.
func comeAgain(c codes.Code, text string) error {
	s := status.New(c, text)
	if with, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(again * time.Second)}); err == nil {
		s = with
	}
	return s.Err()
}

// export keeps one request that came over gRPC.
func (r *Receiver) export(ctx context.Context, k ring.Kind, body []byte) (message, error) {
	req, body, err := understand(k, typeProto, body)
	if err != nil {
		r.unfit.Add(1)
		return nil, status.Error(codes.InvalidArgument, notUnderstood+short(err))
	}
	v, err := r.keep(k, req, body)
	switch {
	case err == nil:
		return answer(k, v), nil
	case errors.Is(err, errTooLarge):
		r.unfit.Add(1)
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	r.tell(ctx, err)
	if errs.KindOf(err) == errs.Unavailable {
		return nil, comeAgain(codes.Unavailable, "it cannot be kept now")
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
	handle := func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		var body []byte
		if err := decode(&body); err != nil {
			return nil, err
		}
		return intercept(ctx, body, nil, func(ctx context.Context, _ any) (any, error) { return r.export(ctx, k, body) })
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
