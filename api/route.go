package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
	"triagent/store"
)

// RoleOpen marks an operation that needs no log-in.
const RoleOpen = "open"

// Keys of the metadata that every operation has: the least role of a session
// (a store.Role or RoleOpen, as a string) and the scope that a token needs.
const (
	MetaRole  = "role"
	MetaScope = "scope"
)

// A route is one line of the list of routes.
type route struct {
	method, path string
	id, summary  string
	role         store.Role // least role; RoleOpen: nobody need be logged in
	scope        string     // scope that a token needs
	status       int        // of success; 0: 200 or 204
	cached       bool       // answers stay valid while no incident changes
	cachedEach   bool       // answers stay valid while the incident that the path names does not change
	slow         bool       // streams: no limit of time
	body         int64      // most bytes of a JSON body; 0: 64 KiB
	reads        content    // what the body may be, where the operation reads it itself
	gives        content    // what the answer may be, where it is no JSON
	partly       bool       // parts of the answer can be asked for (Range)
}

// content is types of bodies, each with its schema; nil: bytes.
type content map[string]*huma.Schema

func (c content) media() map[string]*huma.MediaType {
	out := map[string]*huma.MediaType{}
	for name, s := range c {
		if s == nil {
			s = &huma.Schema{Type: huma.TypeString, Format: "binary"}
		}
		out[name] = &huma.MediaType{Schema: s}
	}
	return out
}

// Keys of the metadata that tells of bodies which huma does not handle.
const (
	metaReads = "reads"
	metaGives = "gives"
)

// answerTime is how long an operation that is no stream may take.
const answerTime = 30 * time.Second

// add registers an operation. One without a role or a scope is a bug, told at
// start.
func add[I, O any](s *Server, a huma.API, r route, h func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		Method: r.method, Path: r.path, OperationID: r.id, Summary: r.summary, DefaultStatus: r.status,
		Tags:     []string{tagOf(r.path)},
		Metadata: map[string]any{MetaRole: string(r.role), MetaScope: r.scope, metaReads: r.reads, metaGives: r.gives},
		// A typing error in a filter must not read as "everything".
		RejectUnknownQueryParameters: true,
		MaxBodyBytes:                 or64(r.body, 64<<10),
		BodyReadTimeout:              20 * time.Second,
	}
	if !r.slow {
		op.Middlewares = append(op.Middlewares, limited)
	}
	if r.cached || r.cachedEach {
		answer := s.cache.answer
		if r.cachedEach {
			answer = s.cache.answerOf(s.c.Store.Version)
		}
		op.Middlewares = append(op.Middlewares, answer)
		op.Responses = map[string]*huma.Response{"304": {Description: "What the caller has is still right (If-None-Match)"}}
	}
	if r.partly {
		op.Responses = parts(r.gives)
	}
	if r.method != http.MethodGet && r.method != http.MethodHead {
		op.Middlewares = append(op.Middlewares, s.cache.changes)
	}
	huma.Register(a, op, h)
}

// parts are the answers of a download beside the whole, as net/http gives them.
func parts(c content) map[string]*huma.Response {
	part := c.media()
	part["multipart/byteranges"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	return map[string]*huma.Response{
		"206": {Description: "What Range asks for", Content: part},
		"304": {Description: "What the caller has is still right (If-None-Match)"},
		"412": {Description: "What is stored is not what If-Match names"},
		"416": {Description: "Range asks for what is not there", Content: plainText.media()},
	}
}

func or64(n, other int64) int64 {
	if n == 0 {
		return other
	}
	return n
}

func tagOf(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

// limited ends what takes too long.
func limited(ctx huma.Context, next func(huma.Context)) {
	c, cancel := context.WithTimeout(ctx.Context(), answerTime)
	defer cancel()
	next(huma.WithContext(ctx, c))
}

// documented completes an operation in the OpenAPI document, whoever registered
// it: it must say who may call it, and names every status that it can answer.
func (s *Server) documented(a *huma.OpenAPI, op *huma.Operation) {
	role, _ := op.Metadata[MetaRole].(string)
	if r, ok := op.Metadata[MetaRole].(store.Role); ok {
		role = string(r)
	}
	scope, _ := op.Metadata[MetaScope].(string)
	if role == "" || scope == "" && role != RoleOpen {
		s.wrong = append(s.wrong, errs.New(errs.Internal, "%s %s does not say who may call it", op.Method, op.Path))
	}
	if op.OperationID == "" {
		s.wrong = append(s.wrong, errs.New(errs.Internal, "%s %s has no operation ID", op.Method, op.Path))
	}
	if c, ok := op.Metadata[metaReads].(content); ok && c != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: c.media()}
	}
	if c, ok := op.Metadata[metaGives].(content); ok && c != nil {
		op.Responses[strconv.Itoa(op.DefaultStatus)].Content = c.media()
	}
	if role == RoleOpen {
		op.Security = []map[string][]string{}
	}
	for _, status := range answers(op, role) {
		key := strconv.Itoa(status)
		if op.Responses[key] == nil {
			op.Responses[key] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{
				problemType: {Schema: a.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")},
			}}
		}
	}
	delete(op.Responses, "default")
}

// answers are the statuses of problems that an operation can answer by what it
// takes.
func answers(op *huma.Operation, role string) []int {
	out := []int{
		http.StatusBadRequest, http.StatusRequestTimeout, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable,
	}
	if role != RoleOpen {
		out = append(out, http.StatusUnauthorized, http.StatusForbidden)
	}
	if strings.Contains(op.Path, "{") {
		out = append(out, http.StatusNotFound)
	}
	if op.Method != http.MethodGet && op.Method != http.MethodHead {
		out = append(out, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusConflict,
			http.StatusInsufficientStorage)
	}
	if slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "If-Match" }) {
		out = append(out, http.StatusPreconditionFailed, http.StatusPreconditionRequired)
	}
	return out
}

// namer names the schema of a type: those of other packages after their package,
// as two of them may use one name. Types without a name get a number where the
// place they are in does not tell them apart.
func namer() func(reflect.Type, string) string {
	taken := map[string]reflect.Type{}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := huma.DefaultSchemaNamer(t, hint)
		if t.Kind() != reflect.Struct {
			return name
		}
		pkg := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
		if pkg != "" && pkg != "api" && pkg != "wire" && pkg != "raw" {
			name = strings.ToUpper(pkg[:1]) + pkg[1:] + strings.TrimPrefix(name, strings.ToUpper(pkg[:1])+pkg[1:])
		}
		for n := 2; ; n++ {
			if was, ok := taken[name]; !ok || was == t {
				taken[name] = t
				return name
			}
			name = strings.TrimRight(name, "0123456789") + fmt.Sprint(n)
		}
	}
}
