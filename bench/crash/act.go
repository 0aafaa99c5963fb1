package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// alert sends one alert; the same name is sent several times.
func (l *load) alert(ctx context.Context, name string) (bool, error) {
	body, err := json.Marshal(map[string]any{
		"version": "4", "status": "firing", "receiver": "triagent", "groupKey": "{}:{}",
		"alerts": []any{map[string]any{
			"status": "firing", "labels": map[string]string{"alertname": "Crash", "instance": "node-" + name[:1], "cluster": "crash-" + name[:1], "n": name, "run": l.run},
			"annotations": map[string]string{}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
		}},
	})
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	c := l.alerts[name]
	l.alerts[name] = [2]int{c[0], c[1] + 1}
	l.mu.Unlock()
	req, err := l.request(ctx, http.MethodPost, "/hooks/alertmanager", body)
	if err != nil {
		return false, err
	}
	status, _ := l.call(req, nil)
	switch {
	case status/100 == 2:
		l.mu.Lock()
		c := l.alerts[name]
		l.alerts[name] = [2]int{c[0] + 1, c[1]}
		l.mu.Unlock()
		return true, nil
	case status == 0, status == http.StatusServiceUnavailable:
		return false, nil
	}
	return false, fmt.Errorf("alert: status %d", status)
}

// edit gives an incident a new title and says that its diagnosis is right.
func (l *load) edit(ctx context.Context, title string) (bool, error) {
	id := ""
	l.mu.Lock()
	for _, known := range l.incidents {
		if known != "" {
			id = known // any
			break
		}
	}
	l.mu.Unlock()
	if id == "" {
		return false, nil
	}
	req, err := l.request(ctx, http.MethodGet, "/incidents/"+id, nil)
	if err != nil {
		return false, err
	}
	status, etag := l.call(req, nil)
	if status != http.StatusOK {
		return false, nil
	}
	body, err := json.Marshal(map[string]string{"title": title})
	if err != nil {
		return false, err
	}
	if req, err = l.request(ctx, http.MethodPatch, "/incidents/"+id, body); err != nil {
		return false, err
	}
	req.Header.Set("If-Match", etag)
	l.mu.Lock()
	l.titles[id] = append(l.titles[id], title)
	l.mu.Unlock()
	if status, _ := l.call(req, nil); status == http.StatusOK {
		l.mu.Lock()
		l.answered[id] = title
		l.mu.Unlock()
	}
	if req, err = l.request(ctx, http.MethodPost, "/incidents/"+id+"/feedback", []byte(`{"verdict":"right","note":"seen"}`)); err != nil {
		return false, err
	}
	if status, _ := l.call(req, nil); status/100 == 2 {
		l.mu.Lock()
		l.feedback[id]++
		l.mu.Unlock()
	}
	return true, nil
}

func (l *load) tally() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	uploads, alerts, edits, feedback := 0, 0, 0, 0
	for _, id := range l.incidents {
		if id != "" {
			uploads++
		}
	}
	for _, c := range l.alerts {
		alerts += c[0]
	}
	for _, t := range l.titles {
		edits += len(t)
	}
	for _, n := range l.feedback {
		feedback += n
	}
	return fmt.Sprintf("%d uploads, %d alerts, %d edits, %d feedback", uploads, alerts, edits, feedback)
}

// verify compares what is there with what was answered.
func (l *load) verify(ctx context.Context, told *sink) error {
	fmt.Println("answered in all:", l.tally())
	wrong := 0
	complain := func(format string, args ...any) {
		if wrong++; wrong <= 20 {
			fmt.Printf("  wrong: "+format+"\n", args...)
		}
	}
	if err := l.settle(ctx); err != nil {
		return err
	}
	for key, id := range l.incidents {
		if id != "" {
			l.verifyIncident(ctx, key, id, complain)
		}
	}
	for _, check := range []func() error{
		func() error { return l.verifyAlerts(ctx, complain) },
		func() error { return l.verifyOnce(ctx, complain) },
		func() error { return l.verifyMessages(ctx, told, complain) },
		func() error { return l.verifyAudit(ctx, complain) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d things are not as answered", wrong)
	}
	fmt.Println("all is there, once")
	return nil
}

func (l *load) verifyAudit(ctx context.Context, complain func(string, ...any)) error {
	var audit struct {
		OK      bool  `json:"ok"`
		Entries int64 `json:"entries"`
	}
	if err := l.get(ctx, "/audit/verify", &audit); err != nil {
		return err
	}
	if !audit.OK {
		complain("the audit does not verify")
	}
	fmt.Printf("audit: %d entries\n", audit.Entries)
	return nil
}

func (l *load) get(ctx context.Context, path string, out any) error {
	req, err := l.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if status, _ := l.call(req, out); status != http.StatusOK {
		return fmt.Errorf("%s: status %d", path, status)
	}
	return nil
}

// settle waits until no diagnosis waits or runs.
func (l *load) settle(ctx context.Context) error {
	for start := time.Now(); time.Since(start) < 20*time.Minute; {
		var q struct {
			Queued  int `json:"queued"`
			Running int `json:"running"`
		}
		if err := l.get(ctx, "/queue", &q); err != nil {
			return err
		}
		if q.Queued+q.Running == 0 {
			return nil
		}
		if !pause(ctx, time.Second) {
			return context.Cause(ctx)
		}
	}
	return fmt.Errorf("diagnoses still wait after 20 minutes")
}

func (l *load) verifyIncident(ctx context.Context, key, id string, complain func(string, ...any)) {
	var in struct {
		Title    string `json:"title"`
		Progress string `json:"progress"`
	}
	if err := l.get(ctx, "/incidents/"+id, &in); err != nil {
		complain("incident %s (%s): %v", id, key, err)
		return
	}
	if in.Progress != "done" {
		complain("incident %s: its diagnosis is %s", id, in.Progress)
	}
	if last, ok := l.answered[id]; ok && in.Title != last && !after(l.titles[id], last, in.Title) {
		complain("incident %s: title %q, answered was %q", id, in.Title, last)
	}
	attempts, err := l.attempts(ctx, id)
	if err != nil {
		complain("attempts of %s: %v", id, err)
	}
	if len(attempts) != 1 || attempts[0] != "done" {
		complain("incident %s: attempts %v, want one that is done", id, attempts)
	}
	var feedback struct {
		Items []any `json:"items"`
	}
	if n := l.feedback[id]; n > 0 {
		if err := l.get(ctx, "/incidents/"+id+"/feedback", &feedback); err != nil || len(feedback.Items) < n {
			complain("incident %s: %d feedback, %d were answered (%v)", id, len(feedback.Items), n, err)
		}
	}
}

// attempts returns the states of the diagnoses of an incident, last first.
func (l *load) attempts(ctx context.Context, id string) ([]string, error) {
	var list struct {
		Items []struct {
			State string `json:"state"`
		} `json:"items"`
	}
	err := l.get(ctx, "/incidents/"+id+"/attempts", &list)
	states := make([]string, len(list.Items))
	for i, a := range list.Items {
		states[i] = a.State
	}
	return states, err
}

// after reports whether got was sent after want.
func after(sent []string, want, got string) bool {
	seen := false
	for _, s := range sent {
		if s == got && seen {
			return true
		}
		seen = seen || s == want
	}
	return false
}

func (l *load) verifyAlerts(ctx context.Context, complain func(string, ...any)) error {
	stored, cursor := map[string]int{}, ""
	for {
		var page struct {
			Items []struct {
				Count  int               `json:"count"`
				Labels map[string]string `json:"labels"`
			} `json:"items"`
			Next *string `json:"next"`
		}
		if err := l.get(ctx, "/alerts?limit=500&cursor="+cursor, &page); err != nil {
			return err
		}
		for _, a := range page.Items {
			if _, twice := stored[a.Labels["n"]]; twice {
				complain("alert %s is there twice", a.Labels["n"])
			}
			stored[a.Labels["n"]] = a.Count
		}
		if page.Next == nil || *page.Next == "" {
			break
		}
		cursor = *page.Next
	}
	for name, c := range l.alerts {
		if n := stored[name]; n < c[0] || n > c[1] {
			complain("alert %s: counted %d, answered %d, sent %d", name, n, c[0], c[1])
		}
	}
	fmt.Printf("alerts: %d distinct\n", len(stored))
	return nil
}
