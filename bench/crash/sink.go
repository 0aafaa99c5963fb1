package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// sink receives the messages of the service as a webhook does. One in twenty it
// refuses, so that it is sent again.
type sink struct {
	listener net.Listener

	mu       sync.Mutex
	received int
	refused  int
	told     map[string]map[string]int // incident: ID of a message "diagnosed": times
	kinds    map[string]int
}

func newSink() (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &sink{listener: l, told: map[string]map[string]int{}, kinds: map[string]int{}}, nil
}

func (s *sink) url() string { return "http://" + s.listener.Addr().String() + "/" }

// run receives until ctx ends.
func (s *sink) run(ctx context.Context) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	g.Go(func() error {
		if err := server.Serve(s.listener); ctx.Err() == nil {
			return err
		}
		return nil
	})
	return g.Wait()
}

// ServeHTTP notes a message; it is only counted as received if it is answered
// with success.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID       string `json:"id"`
		Kind     string `json:"kind"`
		Incident string `json:"incident"`
	}
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil || m.ID == "" || m.ID != r.Header.Get("X-Triagent-Delivery") {
		http.Error(w, "no message", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received++; s.received%20 == 0 {
		s.refused++
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	s.kinds[m.Kind]++
	if m.Kind != "diagnosed" {
		return
	}
	if s.told[m.Incident] == nil {
		s.told[m.Incident] = map[string]int{}
	}
	s.told[m.Incident][m.ID]++
}

// openChannel makes the service tell the sink of everything.
func (l *load) openChannel(ctx context.Context, s *sink) error {
	body := fmt.Sprintf(`{"name":"sink","kind":"webhook","enabled":true,"config":{"url":%q,"secret":"a secret of the bench"}}`, s.url())
	req, err := l.request(ctx, http.MethodPost, "/channels", []byte(body))
	if err != nil {
		return err
	}
	if status, _ := l.call(req, nil); status != http.StatusCreated {
		return fmt.Errorf("make a channel: status %d", status)
	}
	return nil
}

// delivered waits until no message waits.
func (l *load) delivered(ctx context.Context) error {
	for start := time.Now(); time.Since(start) < 15*time.Minute; {
		var waiting struct {
			Items []any `json:"items"`
		}
		if err := l.get(ctx, "/deliveries?state=pending&limit=1", &waiting); err != nil {
			return err
		}
		if len(waiting.Items) == 0 {
			return nil
		}
		if !pause(ctx, time.Second) {
			return context.Cause(ctx)
		}
	}
	return fmt.Errorf("messages still wait after 15 minutes")
}

// verifyMessages checks that the sink was told of every diagnosis, and of each
// under one ID.
func (l *load) verifyMessages(ctx context.Context, s *sink, complain func(string, ...any)) error {
	if err := l.delivered(ctx); err != nil {
		return err
	}
	failed, err := l.listed(ctx, "failed")
	if err != nil {
		return err
	}
	for _, in := range failed {
		complain("the diagnosis of %s (%s) failed: %s", in.ID, in.Source, in.Headline.Error)
	}
	done, err := l.listed(ctx, "done")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	twice := 0
	for _, in := range done {
		id, made := in.ID, 1
		if len(s.told[id]) > 1 { // alerts that come later have an incident diagnosed again
			if made, err = l.diagnoses(ctx, id); err != nil {
				return err
			}
		}
		switch n := len(s.told[id]); {
		case n == 0:
			complain("nobody was told of the diagnosis of %s", id)
		case n > made:
			complain("%d diagnoses of %s were told under %d IDs", made, id, n)
		}
		for _, times := range s.told[id] {
			if times > 1 {
				twice++
			}
		}
	}
	fmt.Printf("messages: %d received, %d of them refused; %v; %d incidents are diagnosed, %d of them were told more than once, under one ID\n",
		s.received, s.refused, s.kinds, len(done), twice)
	return nil
}

// diagnoses counts the finished diagnoses of an incident.
func (l *load) diagnoses(ctx context.Context, id string) (int, error) {
	attempts, err := l.attempts(ctx, id)
	n := 0
	for _, state := range attempts {
		if state == "done" {
			n++
		}
	}
	return n, err
}

// listed is an incident as lists give it.
type listed struct {
	ID       string `json:"id"`
	Source   string `json:"source"`
	Headline struct {
		Error string `json:"error"`
	} `json:"headline"`
}

// listed lists the incidents whose diagnosis is at some progress.
func (l *load) listed(ctx context.Context, progress string) ([]listed, error) {
	var all []listed
	for cursor := ""; ; {
		var page struct {
			Items []listed `json:"items"`
			Next  *string  `json:"next"`
		}
		if err := l.get(ctx, "/incidents?progress="+progress+"&sort=number&limit=500&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == nil {
			return all, nil
		}
		cursor = *page.Next
	}
}

// verifyOnce checks by the audit that no upload opened two incidents, however
// often it was sent.
func (l *load) verifyOnce(ctx context.Context, complain func(string, ...any)) error {
	opened := map[string][]string{}
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				Object string            `json:"object"`
				Detail map[string]string `json:"detail"`
			} `json:"items"`
			Next *string `json:"next"`
		}
		if err := l.get(ctx, "/audit?action=incident.create&limit=500&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return err
		}
		for _, e := range page.Items {
			opened[e.Detail["title"]] = append(opened[e.Detail["title"]], e.Object)
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	again := 0
	for key, id := range l.incidents {
		switch ids := opened[key]; {
		case len(ids) > 1:
			complain("upload %s opened %v", key, ids)
		case id != "" && (len(ids) == 0 || ids[0] != id):
			complain("upload %s was answered with %s, the audit has %v", key, id, ids)
		}
		if l.sent[key] > 1 {
			again++
		}
	}
	fmt.Printf("uploads: %d were sent more than once, none opened two incidents unless told above\n", again)
	return nil
}
