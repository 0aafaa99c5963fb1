package api_test

import (
	"context"
	"encoding/gob"
	"io"

	"triagent/incident"
	"triagent/store"
)

type whole struct{ *store.Store }

func (whole) Alerts(context.Context, store.AlertFilter) ([]store.Alert, string, error) {
	return nil, "", nil
}

func (whole) CreateUpload(_ context.Context, u store.Upload) (store.Upload, error) { return u, nil }

func (whole) Upload(context.Context, string) (store.Upload, error) { return store.Upload{}, nil }

func (whole) AppendUpload(context.Context, string, int64, io.Reader) (store.Upload, error) {
	return store.Upload{}, nil
}
func (whole) FinishUpload(context.Context, string) (string, error) { return "", nil }
func (whole) DeleteUpload(context.Context, string) error           { return nil }
func (whole) ExpireUploads(context.Context) error                  { return nil }
func (whole) AddFeedback(_ context.Context, _ store.Actor, f store.Feedback) (store.Feedback, error) {
	return f, nil
}
func (whole) FeedbackOf(context.Context, string) ([]store.Feedback, error) { return nil, nil }
func (whole) SetCase(context.Context, store.Actor, string, bool, []byte) error {
	return nil
}
func (whole) Cases(context.Context) ([]store.Case, error) { return nil, nil }
func (whole) Setting(context.Context, string) (store.Setting, error) {
	return store.Setting{}, nil
}

func (whole) PutSetting(_ context.Context, _ store.Actor, v store.Setting) (store.Setting, error) {
	return v, nil
}

func (whole) PutEvaluation(_ context.Context, _ store.Actor, e store.Evaluation) (store.Evaluation, error) {
	return e, nil
}
func (whole) Evaluations(context.Context) ([]store.Evaluation, error) { return nil, nil }
func (whole) Evaluation(context.Context, string) (store.Evaluation, error) {
	return store.Evaluation{}, nil
}
func (whole) DeleteEvaluation(context.Context, store.Actor, string) error { return nil }
func (whole) Check(context.Context) []string                              { return nil }

func init() { gob.RegisterName("agent_ended", incident.AgentEnded{}) }
