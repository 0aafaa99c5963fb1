package sourcetest

import (
	"crypto/tls"
	"net/http"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// authFailure checks that a refusal is told as one.
func (b *bench) authFailure() {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		d := b.open(answer(status, "text/plain", "no"))
		for _, r := range b.both(b.source(d.URL)) {
			b.fails(r, errs.Denied)
		}
	}
	d := b.open(nil)
	for _, r := range b.both(b.source(d.URL, func(s *fetch.Settings) { s.Token = "wr0ng-" + token })) { // the door says it back to us
		b.fails(r, errs.Denied)
	}
}

// password checks the log-in by name and password.
func (b *bench) password() {
	want, d := b.whole()
	for _, r := range b.both(b.source(d.URL, func(s *fetch.Settings) { s.Token, s.User, s.Password = "", user, password })) {
		b.succeeds(r, want)
	}
}

// behind opens a door that speaks TLS.
func (b *bench) behind(t *tls.Config) *door {
	d, err := newDoor(b.s, b.s.Server, t)
	if err != nil {
		b.fatalf("open a way to the server: %v", err)
	}
	b.end = append(b.end, d.close)
	return d
}

// tlsFailure checks whom a source trusts.
func (b *bench) tlsFailure() {
	want, plain := b.whole()
	ours, others := NewAuthority(b.t), NewAuthority(b.t)
	right, misnamed := b.behind(ours.Server(b.t, false, "127.0.0.1")), b.behind(ours.Server(b.t, false, "elsewhere.test"))
	for _, tt := range []struct {
		name string
		url  string
		tls  fetch.TLS
		kind errs.Kind // "": it works
	}{
		{"nobody trusted", right.URL, fetch.TLS{}, errs.Denied},
		{"another authority", right.URL, fetch.TLS{CA: others.CA}, errs.Denied},
		{"the right authority", right.URL, fetch.TLS{CA: ours.CA}, ""},
		{"another name", misnamed.URL, fetch.TLS{CA: ours.CA}, errs.Denied},
		{"another name that is given", misnamed.URL, fetch.TLS{CA: ours.CA, ServerName: "elsewhere.test"}, ""},
		{"TLS where there is none", "https" + plain.URL[len("http"):], fetch.TLS{CA: ours.CA}, errs.Invalid},
	} {
		for _, r := range b.both(b.source(tt.url, func(s *fetch.Settings) { s.TLS = tt.tls })) {
			r.what += ", " + tt.name
			if tt.kind != "" {
				b.fails(r, tt.kind)
			} else if r.err != nil {
				b.errorf("%s: %v", r.what, r.err)
			}
		}
	}
	r := b.collect(b.t.Context(), b.source(right.URL, func(s *fetch.Settings) { s.TLS.CA = ours.CA }), b.s.Ask, &Recorder{})
	b.succeeds(r, want)
}

// tlsClient checks that a source shows its certificate where it is asked for.
func (b *bench) tlsClient() {
	want, _ := b.whole()
	ours := NewAuthority(b.t)
	d := b.behind(ours.Server(b.t, true, "127.0.0.1"))
	for _, r := range b.both(b.source(d.URL, func(s *fetch.Settings) { s.TLS.CA = ours.CA })) {
		r.what += " without a certificate"
		b.fails(r, errs.Denied)
	}
	with := fetch.TLS{CA: ours.CA, Cert: ours.Cert, Key: ours.Key}
	for _, r := range b.both(b.source(d.URL, func(s *fetch.Settings) { s.TLS = with })) {
		b.succeeds(r, want)
	}
}

// redirect checks that a source follows nobody to another host.
func (b *bench) redirect() {
	elsewhere := b.open(func(http.ResponseWriter, *http.Request, http.Handler, int64) { b.errorf("it went to another host") })
	d := b.open(func(w http.ResponseWriter, r *http.Request, _ http.Handler, _ int64) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
	})
	for _, r := range b.both(b.source(d.URL)) {
		b.fails(r, errs.Invalid)
	}
	if elsewhere.requests.Load() > 0 {
		b.errorf("it went to another host")
	}
}
