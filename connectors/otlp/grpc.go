package otlp

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // senders may compress
	"google.golang.org/grpc/keepalive"
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
		grpc.ConnectionTimeout(10 * time.Second), grpc.InTapHandle(r.tap), grpc.UnaryInterceptor(r.intercept),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 10 * time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
	if r.tls != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(r.tls)))
	}
	s := grpc.NewServer(options...)
	ptraceotlp.RegisterGRPCServer(s, &traceServer{r: r})
	pmetricotlp.RegisterGRPCServer(s, &metricServer{r: r})
	plogotlp.RegisterGRPCServer(s, &logServer{r: r})
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
func (r *Receiver) export(ctx context.Context, k ring.Kind, req request) (verdict, error) {
	v, err := r.keep(k, req, nil)
	switch {
	case err == nil:
		return v, nil
	case errors.Is(err, errTooLarge):
		r.unfit.Add(1)
		return v, status.Error(codes.InvalidArgument, err.Error())
	}
	r.tell(ctx, err)
	if errs.KindOf(err) == errs.Unavailable {
		return v, comeAgain(codes.Unavailable, "it cannot be kept now")
	}
	return v, status.Error(codes.Internal, "it cannot be kept")
}

type traceServer struct {
	ptraceotlp.UnimplementedGRPCServer
	r *Receiver
}

func (s *traceServer) Export(ctx context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	v, err := s.r.export(ctx, ring.Traces, &req)
	if err != nil {
		return ptraceotlp.NewExportResponse(), err
	}
	return answer(ring.Traces, v).(ptraceotlp.ExportResponse), nil
}

type metricServer struct {
	pmetricotlp.UnimplementedGRPCServer
	r *Receiver
}

func (s *metricServer) Export(ctx context.Context, req pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	v, err := s.r.export(ctx, ring.Metrics, &req)
	if err != nil {
		return pmetricotlp.NewExportResponse(), err
	}
	return answer(ring.Metrics, v).(pmetricotlp.ExportResponse), nil
}

type logServer struct {
	plogotlp.UnimplementedGRPCServer
	r *Receiver
}

func (s *logServer) Export(ctx context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	v, err := s.r.export(ctx, ring.Logs, &req)
	if err != nil {
		return plogotlp.NewExportResponse(), err
	}
	return answer(ring.Logs, v).(plogotlp.ExportResponse), nil
}
