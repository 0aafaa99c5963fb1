package account

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
)

// apiBase is where the routes are served, for the addresses that we give away.
const apiBase = "/api/v1"

// smallBody bounds the bodies of most operations, in bytes.
const smallBody = 16 << 10

// noStore keeps answers about people out of caches.
const noStore = "no-store"

// Routes registers /session, /me, /users and /tokens. Guard must be installed.
func (a *Accounts) Routes(api huma.API) {
	a.sessionRoutes(api)
	a.oidcRoutes(api)
	a.meRoutes(api)
	a.tokenRoutes(api)
	a.userRoutes(api)
}

// op describes an operation; meta is of Metadata or OpenMetadata.
func op(method, path, id, summary string, status int, meta map[string]any, errors ...int) huma.Operation {
	o := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status, Metadata: meta,
		Tags: []string{"accounts"}, MaxBodyBytes: smallBody, BodyReadTimeout: 20 * time.Second, RejectUnknownQueryParameters: true,
		Errors: append(errors, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError),
	}
	if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		o.Errors = append(o.Errors, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return o
}

// handle registers a handler whose errors are turned into problems.
func handle[I, O any](api huma.API, o huma.Operation, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, problem(err)
		}
		return out, nil
	})
}

// none is the answer, or the input, of an operation without one.
type none struct{}

// listOf is a list on the wire; Next is always null, since these lists are short.
type listOf[T any] struct {
	Items []T     `json:"items" nullable:"false"`
	Next  *string `json:"next" doc:"Always null: the list is whole"`
}

type listOut[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         listOf[T]
}

func listed[T any](items []T) *listOut[T] {
	if items == nil {
		items = []T{}
	}
	return &listOut[T]{CacheControl: noStore, Body: listOf[T]{Items: items}}
}

// etag is a version as an entity tag.
func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

// ifMatch reads the version that an edit is of; "*" is any, as 0.
func ifMatch(header string) (int64, error) {
	switch header {
	case "":
		return 0, refused(http.StatusPreconditionRequired, "The header If-Match is missing: send the ETag that was read.")
	case "*":
		return 0, nil
	}
	v, err := strconv.ParseInt(strings.Trim(header, `"`), 10, 64)
	if err != nil || v < 1 {
		return 0, errs.New(errs.Invalid, "The header If-Match is not an ETag of this service.")
	}
	return v, nil
}
