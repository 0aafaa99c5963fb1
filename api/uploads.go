package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/wire"
	"triagent/internal/errs"
	"triagent/store"
)

// Upload is a bundle that arrives in pieces.
type Upload struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Offset  int64     `json:"offset" doc:"Bytes that are here"`
	Size    int64     `json:"size" doc:"Bytes in all"`
	Expires wire.Time `json:"expires"`
}

type uploadOut struct {
	Location string `header:"Location"`
	Offset   string `header:"Upload-Offset"`
	Length   string `header:"Upload-Length"`
	Body     Upload
}

func uploadOf(u store.Upload) *uploadOut {
	return &uploadOut{
		Location: "/api/v1/uploads/" + u.ID, Offset: strconv.FormatInt(u.Offset, 10), Length: strconv.FormatInt(u.Size, 10),
		Body: Upload{ID: u.ID, Name: u.Name, Offset: u.Offset, Size: u.Size, Expires: wire.Time(u.Expires)},
	}
}

type createUploadIn struct {
	Body struct {
		Size   int64  `json:"size" minimum:"1" doc:"Bytes in all"`
		Name   string `json:"name" minLength:"1" maxLength:"300" doc:"As bundle.tar.gz"`
		SHA256 string `json:"sha256,omitempty" pattern:"^[0-9a-fA-F]{64}$" doc:"Checked in the end"`
	}
}

func (s *Server) createUpload(ctx context.Context, in *createUploadIn) (*uploadOut, error) {
	if in.Body.Size > s.c.MaxBundle {
		return nil, huma.NewError(http.StatusRequestEntityTooLarge, "A bundle has up to "+strconv.FormatInt(s.c.MaxBundle, 10)+" bytes.")
	}
	u, err := s.c.Store.CreateUpload(ctx, store.Upload{
		User: s.actor(ctx).User, Name: oneLine(in.Body.Name), Size: in.Body.Size, SHA256: in.Body.SHA256,
	})
	if err != nil {
		return nil, err
	}
	return uploadOf(u), nil
}

// mine returns an upload of the one who asks: those of others are not there.
func (s *Server) mine(ctx context.Context, id string) (store.Upload, error) {
	u, err := s.c.Store.Upload(ctx, id)
	if err == nil && u.User != s.actor(ctx).User {
		err = errs.New(errs.NotFound, "there is no upload %q", id)
	}
	return u, err
}

func (s *Server) getUpload(ctx context.Context, in *Named) (*uploadOut, error) {
	u, err := s.mine(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return uploadOf(u), nil
}

type appendIn struct {
	Named
	Direct

	Offset int64 `header:"Upload-Offset" required:"true" minimum:"0" doc:"Where the bytes belong"`
}

type appendOut struct {
	Offset string `header:"Upload-Offset"`
}

func (s *Server) appendUpload(ctx context.Context, in *appendIn) (*appendOut, error) {
	u, err := s.mine(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	u, err = s.c.Store.AppendUpload(ctx, in.ID, in.Offset, in.body(max(u.Size-u.Offset, 0)+1))
	at := strconv.FormatInt(u.Offset, 10)
	if errors.Is(err, store.ErrStale) {
		err = remedied(problem(http.StatusConflict, "The upload is not at this byte."), "Go on at byte "+at+".")
	}
	if err != nil {
		return nil, huma.ErrorWithHeaders(err, http.Header{"Upload-Offset": {at}})
	}
	return &appendOut{at}, nil
}

type finishIn struct {
	Named
	Spoken
	Direct

	Key  string `header:"Idempotency-Key" maxLength:"200"`
	Body *struct {
		Title    string `json:"title,omitempty" maxLength:"300"`
		Severity string `json:"severity,omitempty" enum:"info,warning,major,critical"`
	} `required:"false"`
}

// finishUpload makes an incident of an upload that is all there. Repeating it
// gives the same incident.
func (s *Server) finishUpload(ctx context.Context, in *finishIn) (*incidentOut, error) {
	u, err := s.mine(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.room(ctx); err != nil {
		return nil, err
	}
	in.read() // the checks of a large bundle take longer than a body may
	name, err := s.c.Store.FinishUpload(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c := &createIn{Spoken: in.Spoken, Key: "upload " + in.ID}
	if in.Body != nil {
		c.Title, c.Severity = in.Body.Title, in.Body.Severity
	}
	b := &bundle{name: name, label: u.Name, size: u.Size}
	i, err := s.examine(ctx, c, b)
	if err != nil {
		if errs.KindOf(err) == errs.Invalid {
			err = errors.Join(err, s.c.Store.DeleteUpload(ctx, in.ID)) // it will not get better
			s.drop(ctx, b)
		}
		return nil, err
	}
	return s.open(ctx, c, i, in.ID, "upload")
}

func (s *Server) deleteUpload(ctx context.Context, in *Named) (*struct{}, error) {
	if _, err := s.mine(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, s.c.Store.DeleteUpload(ctx, in.ID)
}
