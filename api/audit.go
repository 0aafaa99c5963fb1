package api

import (
	"context"
	"time"

	"triagent/api/wire"
	"triagent/store"
)

// AuditEntry is one line of the audit.
type AuditEntry struct {
	N      int64             `json:"n"`
	At     wire.Time         `json:"at"`
	Actor  string            `json:"actor" doc:"Name"`
	Addr   string            `json:"addr"`
	Token  string            `json:"token" doc:"ID of the API token used; empty: a session"`
	Action string            `json:"action"`
	Object string            `json:"object"`
	Detail map[string]string `json:"detail"`
	Hash   string            `json:"hash" doc:"Covers the entry and the hash before it"`
}

type auditIn struct {
	Actor  string    `query:"actor" maxLength:"100" doc:"User ID"`
	Action string    `query:"action" maxLength:"100" doc:"Whole, or a beginning that ends in a dot, as user."`
	Object string    `query:"object" maxLength:"200"`
	From   time.Time `query:"from"`
	To     time.Time `query:"to"`
	Cursor string    `query:"cursor" maxLength:"500"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type auditOut struct {
	Body struct {
		Items []AuditEntry `json:"items"`
		Next  *string      `json:"next" nullable:"true"`
	}
}

func (s *Server) listAudit(ctx context.Context, in *auditIn) (*auditOut, error) {
	list, next, err := s.c.Store.Audit(ctx, store.AuditFilter{
		Actor: in.Actor, Action: in.Action, Object: in.Object, From: in.From.UTC(), To: in.To.UTC(), After: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &auditOut{}
	out.Body.Next = wire.OrNull(next)
	out.Body.Items = wire.Each(list, func(e store.Entry) AuditEntry {
		return AuditEntry{
			N: e.N, At: wire.Time(e.At), Actor: e.Actor.Name, Addr: e.Actor.Addr, Token: e.Actor.Token,
			Action: e.Action, Object: e.Object, Detail: wire.Map(e.Detail), Hash: e.Hash,
		}
	})
	return out, nil
}

type verifyOut struct {
	Body struct {
		OK       bool  `json:"ok"`
		Entries  int64 `json:"entries"`
		BrokenAt int64 `json:"broken_at" doc:"Number of the first entry that is missing or is not what was recorded; 0: none"`
	}
}

func (s *Server) verifyAudit(ctx context.Context, _ *struct{}) (*verifyOut, error) {
	entries, broken, err := s.c.Store.VerifyAudit(ctx)
	if err != nil {
		return nil, err
	}
	out := &verifyOut{}
	out.Body.OK, out.Body.Entries, out.Body.BrokenAt = broken == 0, entries, broken
	return out, nil
}
