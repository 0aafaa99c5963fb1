package account

import (
	"context"
	"encoding/json"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"triagent/internal/errs"
	"triagent/store"
)

// namePattern is the form of a log-in name.
var namePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,62}$`)
})

// maxDisplay bounds what a person is called, in characters.
const maxDisplay = 100

// foldName brings a log-in name into the form it is stored in.
func foldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

func trimSlash(s string) string { return strings.TrimRight(s, "/") }

// checkUser normalizes what people say of a user, or says what is wrong with
// it, as kind Invalid. An empty display is the name.
func checkUser(u *store.User) error {
	u.Name = foldName(u.Name)
	if !namePattern().MatchString(u.Name) {
		return errs.New(errs.Invalid, "The name may have up to 63 of a-z, 0-9 and . _ @ + -, and begins with a letter or a digit.")
	}
	u.Display = strings.TrimSpace(u.Display)
	if u.Display == "" {
		u.Display = u.Name
	}
	if utf8.RuneCountInString(u.Display) > maxDisplay || u.Display != plain(u.Display, len(u.Display)) {
		return errs.New(errs.Invalid, "The displayed name may have up to %d characters and none that cannot be seen.", maxDisplay)
	}
	return checkEmail(&u.Email)
}

// checkEmail wants a bare address, or none.
func checkEmail(email *string) error {
	*email = strings.TrimSpace(*email)
	if *email == "" {
		return nil
	}
	at, err := mail.ParseAddress(*email)
	if err != nil || at.Address != *email || len(*email) > 254 || strings.ContainsAny(*email, "\r\n<> ") {
		return errs.New(errs.Invalid, "The e-mail address is not one, as \"name@example.com\".")
	}
	return nil
}

// UserJSON is a user on the wire as admins see them; others see ID and display
// only. It is exported for huma, which leaves out of a schema what is embedded
// and is not.
type UserJSON struct {
	ID          string      `json:"id"`
	Display     string      `json:"display"`
	Version     *int64      `json:"version,omitempty" doc:"For If-Match"`
	Name        *string     `json:"name,omitempty"`
	Email       *string     `json:"email,omitempty"`
	Role        *store.Role `json:"role,omitempty" enum:"viewer,operator,approver,admin"`
	Disabled    *bool       `json:"disabled,omitempty"`
	LockedUntil **time.Time `json:"locked_until,omitempty" nullable:"true" doc:"Null: not locked"`
	Created     **time.Time `json:"created,omitempty" nullable:"true"`
	LastLogin   **time.Time `json:"last_login,omitempty" nullable:"true" doc:"Null: never"`
	HasPassword *bool       `json:"has_password,omitempty"`
	OIDC        *bool       `json:"oidc,omitempty"`
}

// person is a user as everybody sees them.
func person(u store.User) UserJSON { return UserJSON{ID: u.ID, Display: u.Display} }

// wireUser is a user as they themselves and admins see them.
func (a *Accounts) wireUser(u store.User) UserJSON {
	w := person(u)
	w.Version, w.Name, w.Email, w.Role, w.Disabled = &u.Version, &u.Name, &u.Email, &u.Role, &u.Disabled
	locked := u.LockedUntil
	if !a.cfg.Now().Before(locked) {
		locked = time.Time{}
	}
	w.LockedUntil, w.Created, w.LastLogin = new(when(locked)), new(when(u.Created)), new(when(u.LastLogin))
	w.HasPassword = new(u.Password != "")
	w.OIDC = new(u.Subject != "" && u.Subject != demoSubject)
	return w
}

// when is a time on the wire, nil where it is unset.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

// langOf is the language of a user's preferences, else what the browser asks
// for, else English.
func langOf(u store.User, accept string) string {
	var p struct {
		Lang string `json:"lang"`
	}
	if len(u.Preferences) > 0 && json.Unmarshal(u.Preferences, &p) == nil && (p.Lang == "en" || p.Lang == "zh") {
		return p.Lang
	}
	for tag := range strings.SplitSeq(accept, ",") {
		tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), ";")
		switch tag, _, _ = strings.Cut(tag, "-"); tag {
		case "en", "zh":
			return tag
		}
	}
	return "en"
}

// keepAdmin refuses to take the rights of the last admin who can log in. It is
// called with a.setup held, and what it allows is done before that is released.
func (a *Accounts) keepAdmin(ctx context.Context, id string) error {
	users, err := a.store.Users(ctx)
	if err != nil {
		return err
	}
	was, others := false, 0
	for _, u := range users {
		switch {
		case u.ID == id:
			was = able(u)
		case able(u):
			others++
		}
	}
	if was && others == 0 {
		return refused(http.StatusConflict, "This is the last admin who can log in: make someone else an admin first.")
	}
	return nil
}
