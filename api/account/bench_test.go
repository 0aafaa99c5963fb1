package account

import (
	"net/http/httptest"
	"testing"
)

// BenchmarkRequest is what a request of a session costs, from the mux to the
// operation, when it is remembered.
func BenchmarkRequest(b *testing.B) {
	h := open(b, nil)
	ada := h.login("ada")
	r := httptest.NewRequestWithContext(b.Context(), "GET", "/api/v1/probe/read", nil)
	r.Header.Set("Cookie", CookieName+"="+ada.cookies[CookieName])
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if h.mux.ServeHTTP(w, r); w.Code != 204 {
			b.Fatal(w.Code)
		}
	}
}

// BenchmarkPassword is what a log-in costs: a hash.
func BenchmarkPassword(b *testing.B) {
	h, err := newHasher(2)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := h.verify(b.Context(), "", password); err != nil {
			b.Fatal(err)
		}
	}
}
