package api

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"triagent/internal/errs"
	"triagent/store"
)

// SettingService is the name of the document of the service's settings.
const SettingService = "service"

// ServiceSettings are those that people change on the page. Zero fields leave
// what the service was started with in force.
type ServiceSettings struct {
	PublicURL     string  `json:"public_url,omitempty" maxLength:"500" doc:"How people reach the page"`
	GroupWindowS  float64 `json:"group_window_s,omitempty" minimum:"0" maximum:"86400" doc:"Alerts that come within it may be of one incident"`
	SettleS       float64 `json:"settle_s,omitempty" minimum:"0" maximum:"3600" doc:"How long alerts gather before a diagnosis"`
	GrafanaURL    string  `json:"grafana_url,omitempty" maxLength:"500"`
	KibanaURL     string  `json:"kibana_url,omitempty" maxLength:"500"`
	RetentionDays int     `json:"retention_days,omitempty" minimum:"0" maximum:"36500" doc:"0: for ever"`
}

type serviceOut struct {
	ETag string `header:"ETag"`
	Body ServiceSettings
}

// readService returns the settings and their version, 0 if none were made.
func (s *Server) readService(ctx context.Context) (ServiceSettings, int64, error) {
	var out ServiceSettings
	v, err := s.c.Store.Setting(ctx, SettingService)
	if errs.KindOf(err) == errs.NotFound {
		return out, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(v.Value, &out)
	}
	return out, v.Version, err
}

func (s *Server) getService(ctx context.Context, _ *struct{}) (*serviceOut, error) {
	v, version, err := s.readService(ctx)
	if err != nil {
		return nil, err
	}
	return &serviceOut{etag(version), v}, nil
}

type putServiceIn struct {
	Matched

	Body ServiceSettings
}

func (s *Server) putService(ctx context.Context, in *putServiceIn) (*serviceOut, error) {
	for name, v := range map[string]string{
		"public_url": in.Body.PublicURL, "grafana_url": in.Body.GrafanaURL, "kibana_url": in.Body.KibanaURL,
	} {
		if u, err := url.Parse(v); v != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil) {
			return nil, wrongValue("body."+name, "give an address that begins with http:// or https:// and holds no password, or leave it out")
		}
	}
	version, err := in.settingVersion(ctx, s)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	v, err := s.c.Store.PutSetting(ctx, s.actor(ctx), store.Setting{Name: SettingService, Version: version, Value: b})
	if err != nil {
		return nil, err
	}
	return &serviceOut{etag(v.Version), in.Body}, nil
}

// settingVersion reads the version of a setting that may be changed: 0 is that
// of one that was never made.
func (in *putServiceIn) settingVersion(ctx context.Context, s *Server) (int64, error) {
	switch v := strings.TrimSpace(in.IfMatch); v {
	case `"0"`, "0":
		return 0, nil
	case "*":
		_, version, err := s.readService(ctx)
		return version, err
	}
	return in.version()
}

type checksOut struct {
	Body struct {
		Items []Check `json:"items"`
	}
}

// listChecks is the self-diagnosis.
func (s *Server) listChecks(ctx context.Context, _ *struct{}) (*checksOut, error) {
	out := &checksOut{}
	out.Body.Items = []Check{}
	add := func(c Check) { out.Body.Items = append(out.Body.Items, c) }
	if err := s.c.Store.Ping(ctx); err != nil {
		add(Check{"database", "fail", "The database does not answer.", "See that it runs and has room on its disk."})
	} else {
		add(Check{"database", "ok", "The database answers.", ""})
	}
	wrong := s.c.Store.Check(ctx)
	for _, w := range wrong {
		add(Check{"store", "fail", sentence(w), "Restore a backup, or ask for help with the log of the service."})
	}
	if len(wrong) == 0 {
		add(Check{"store", "ok", "What is kept is as it must be.", ""})
	}
	if queued, running, capacity, err := s.c.Store.QueueState(ctx); err == nil {
		c := Check{"queue", "ok", strconv.Itoa(queued) + " diagnoses wait and " + strconv.Itoa(running) + " run; " + strconv.Itoa(capacity) + " may wait.", ""}
		if capacity > 0 && queued*10 >= capacity*8 {
			c.State, c.Remedy = "warn", "Raise the number of workers, or wait."
		}
		add(c)
	}
	add(Check{"streams", "ok", strconv.Itoa(s.Watching()) + " pages are watching; " + strconv.Itoa(s.c.Streams) + " may.", ""})
	if s.c.Checks != nil {
		for _, c := range s.c.Checks(ctx) {
			add(c)
		}
	}
	return out, nil
}
