package live_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"triagent/api/live"
	"triagent/internal/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHub(t *testing.T) {
	h := live.New(2, 15*time.Second)
	a, err := h.Subscribe("x")
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.Subscribe("y")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Subscribe("x"); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("one too many: %v", err)
	}
	h.Publish("x", []byte("1"))
	h.Publish("x", []byte("2"))
	h.Wake("y")
	n, err := a.Next(t.Context())
	if err != nil || len(n.Frames) != 2 || string(n.Frames[1]) != "2" || n.Woken {
		t.Errorf("a gets %+v, %v", n, err)
	}
	if n, err = b.Next(t.Context()); err != nil || len(n.Frames) != 0 || !n.Woken {
		t.Errorf("b gets %+v, %v", n, err)
	}
	a.Close()
	a.Close()
	if h.Count() != 1 || h.Watched("x") || !h.Watched("y") {
		t.Errorf("%d left", h.Count())
	}
	h.Publish("x", []byte("3")) // nobody listens
	b.Close()
}

func TestSlowIsCut(t *testing.T) {
	h := live.New(10, time.Second)
	slow, _ := h.Subscribe("x")
	quick, _ := h.Subscribe("x")
	defer slow.Close()
	defer quick.Close()
	for range 1000 {
		h.Publish("x", []byte("f"))
		if n, err := quick.Next(t.Context()); err != nil || len(n.Frames) != 1 {
			t.Fatalf("the quick one gets %d frames, %v", len(n.Frames), err)
		}
	}
	if _, err := slow.Next(t.Context()); !errors.Is(err, live.ErrSlow) {
		t.Errorf("the slow one gets %v", err)
	}
}

func TestNextEndsWithContext(t *testing.T) {
	h := live.New(1, time.Second)
	s, _ := h.Subscribe("x")
	defer s.Close()
	why := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := s.Next(ctx); !errors.Is(err, why) {
		t.Errorf("%v, want the cause", err)
	}
}

// TestPings reaches each subscriber once in the time that was set, spread over
// it, and ends all of them in the end.
func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := live.New(100, 15*time.Second)
		subs := make([]*live.Sub, 30)
		for i := range subs {
			subs[i], _ = h.Subscribe("x")
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- h.Run(ctx) }()
		begun := time.Now()
		at := map[time.Duration]int{}
		for _, s := range subs {
			if n, err := s.Next(t.Context()); err != nil || !n.Ping {
				t.Fatalf("%+v, %v", n, err)
			}
			at[time.Since(begun).Round(time.Second)]++
		}
		if time.Since(begun) > 15*time.Second {
			t.Errorf("the last ping came after %v", time.Since(begun))
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, s := range subs {
			for {
				if _, err := s.Next(t.Context()); err != nil {
					if !errors.Is(err, live.ErrOver) {
						t.Errorf("ended with %v", err)
					}
					break
				}
			}
			s.Close()
		}
		if _, err := h.Subscribe("x"); err == nil {
			t.Error("a hub that has ended takes subscribers")
		}
	})
}

func TestWriter(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		out, err := live.NewWriter(w, 1500*time.Millisecond)
		if err != nil {
			t.Error(err)
			return
		}
		f, err := live.FrameOf("step", live.FormatID(2, 7), map[string]string{"a": "x\ny"})
		if err != nil {
			t.Error(err)
		}
		if err := out.Write(f, live.Ping); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got []string
	for in := bufio.NewScanner(resp.Body); in.Scan(); {
		got = append(got, in.Text())
	}
	want := "retry: 1500||id: 2-7|event: step|data: {\"a\":\"x\\ny\"}||: ping|"
	if all := strings.Join(got, "|"); all != want {
		t.Errorf("%s\nwant\n%s", all, want)
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"1-2", "0-0", "-", "1-", "-1", "1-2-3", "999999999-999999999", "01-1", "1-٣", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, n, ok := live.ParseID(s)
		if !ok {
			return
		}
		if a < 0 || n < 0 {
			t.Errorf("%q reads %d-%d", s, a, n)
		}
		if a2, n2, ok := live.ParseID(live.FormatID(a, n)); !ok || a2 != a || n2 != n {
			t.Errorf("%q does not come back", s)
		}
	})
}
