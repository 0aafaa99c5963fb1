package redact_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"triagent/internal/errs"
	"triagent/llm"
	"triagent/llm/redact"
)

var key = []byte("a key of the installation")

func veil(t testing.TB, s redact.Settings, nodes ...string) *redact.Veil {
	t.Helper()
	r, err := redact.New(s, key)
	if err != nil {
		t.Fatal(err)
	}
	return r.Veil(nodes)
}

// secrets are planted canaries: [ ] are around what must not leave.
var secrets = []string{
	"-----BEGIN RSA PRIVATE KEY-----\n[MIIEow0123456789abcdef]\n-----END RSA PRIVATE KEY-----",
	"-----BEGIN PRIVATE KEY-----\n[MIIEow that was cut",
	"token: [eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U]",
	"saw [eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N] in a header",
	"key [AKIAIOSFODNN7EXAMPLE] was used",
	"clone with [ghp_16C7e42F292c6912E7710c838347Ae178B4a]",
	"posted by [xoxb-123456789012-abcdefABCDEF]",
	"calls with [sk-ant-api03-abcdefghijklmnop0123456789] fail",
	"calls with [sk-proj-abcdefghijklmnop0123456789] fail",
	"Authorization: Bearer [abcdef0123456789]",
	"Authorization: Basic [dXNlcjpwYXNzd29yZA==]",
	"postgres://app:[s3cr3tpw]@db/shop",
	"password=[hunter2]",
	`{"password": "[hunter2 with spaces]"}`,
	"user=root, pwd: [Tr0ub4dor&3], host=x",
	"'api_key': '[0123456789]'",
	"spring.datasource.password => [tiger]",
	"密码：[妈妈的生日]",
	"the secret is [opensesame]",
	"MYSQL_ROOT_PASSWORD=[swordfish]",
	"sha key [9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08]",
	"sig=[Zm9vYmFyMTIzNDU2Nzg5MFFXRVJUWXVpb3A5OHp4Y3ZibkE=]",
	"set-cookie: [SESSIONID=31d4d96e407aad42]",
	"LTAI key [LTAI4GAbcdefGHIJ1234] of the cloud",
	"vault says [hvs.CAESIJ1234567890abcdefghij]",
}

// TestSecrets takes every canary out for good.
func TestSecrets(t *testing.T) {
	for _, s := range secrets {
		from, to := strings.Index(s, "["), strings.LastIndex(s, "]")
		if to < 0 {
			to = len(s)
			s += "]"
		}
		canary := s[from+1 : to]
		text := "2026-11-21 ERROR " + s[:from] + canary + s[to+1:] + " at line 7"
		v := veil(t, redact.Settings{})
		got := v.Hide(text)
		for i := 0; i+6 <= len(canary); i++ {
			if strings.Contains(got, canary[i:i+6]) {
				t.Errorf("%q left as %q", text, got)
				break
			}
		}
		if !strings.Contains(got, "[secret]") || !strings.HasPrefix(got, "2026-11-21 ERROR") {
			t.Errorf("%q became %q", text, got)
		}
		for _, c := range v.Changes() {
			if c.Kind == redact.Secret && c.Real != "" {
				t.Errorf("a secret was kept: %+v", c)
			}
		}
		if again := v.Show(got); strings.Contains(again, canary) {
			t.Errorf("%q came back", canary)
		}
	}
}

// TestPlain leaves alone what only looks like something.
func TestPlain(t *testing.T) {
	for _, s := range []string{
		"2026-11-21T12:30:45.123Z INFO o.a.i.d.StorageEngine: flushed 12 files in 30 ms",
		"org.apache.iotdb.db.storageengine.dataregion.DataRegion.flush(DataRegion.java:812)",
		"at com.example.shop.Checkout.pay(Checkout.java:10)",
		"version 1.2.3.4.5 of 2.0.6",
		"metrics/datanode-1.csv and store.go, traces.jsonl",
		"took 12:30:45, ratio 1::2",
		"password: null, token=missing, secret: ***",
		"/var/lib/iotdb/data/datanode/data/sequence/root.sg/0/2780/1699999999-1-0-0.tsfile",
		"CamelCaseNamesOfClassesThatGoOnForQuiteAWhileAreNoKeys",
		"cpu of the node is 93 %, authentication took 3 ms",
		"e12 z7.1 up from 0.3 to 12.5 (+41 s)",
	} {
		if got := veil(t, redact.Settings{}).Hide(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// TestNames hides addresses and names behind others that are stable, differ, and
// come back.
func TestNames(t *testing.T) {
	nodes := []string{"datanode-1", "datanode-10", "checkout-7f9c"}
	text := "datanode-1 (10.0.0.7, db7.shop.internal) lost datanode-10 [2001:db8::1f]; ask anna@shop.com, see https://grafana.shop.net/d/1 and DATANODE-1; checkout-7f9c calls 10.0.0.7"
	v := veil(t, redact.Settings{}, nodes...)
	got := v.Hide(text)
	for _, real := range []string{"datanode", "DATANODE", "10.0.0.7", "shop", "anna", "2001:db8", "7f9c"} {
		if strings.Contains(got, real) {
			t.Errorf("%q left in %q", real, got)
		}
	}
	if back := v.Show(got); !strings.EqualFold(back, text) {
		t.Errorf("back came %q", back)
	}
	if again := veil(t, redact.Settings{}, nodes...).Hide(text); again != got {
		t.Errorf("another conversation: %q, before %q", again, got)
	}
	other, err := redact.New(redact.Settings{}, []byte("the key of another installation"))
	if err != nil {
		t.Fatal(err)
	}
	if other.Veil(nodes).Hide(text) == got {
		t.Error("another installation uses the same names")
	}
	shown := map[string]bool{}
	for _, c := range v.Changes() {
		if shown[c.Shown] {
			t.Errorf("%s stands for two", c.Shown)
		}
		shown[c.Shown] = true
		if c.Real == "10.0.0.7" && c.Times != 2 {
			t.Errorf("%+v, want twice", c)
		}
	}
	if v.Show("node-zzzz is made up") != "node-zzzz is made up" {
		t.Error("a name that stands for nothing became something")
	}
}

func TestRules(t *testing.T) {
	v := veil(t, redact.Settings{Patterns: []string{`customer (\d+)`}, Secrets: []string{`PIN\d+`}, Keep: []string{"localhost", "docs.shop.com"}})
	got := v.Hide("customer 4711 typed PIN1234 at docs.shop.com, not pay.shop.com")
	if strings.Contains(got, "4711") || strings.Contains(got, "1234") || !strings.Contains(got, "docs.shop.com") || strings.Contains(got, "pay.shop") || !strings.HasPrefix(got, "customer name-") {
		t.Errorf("%q", got)
	}
	for _, s := range []redact.Settings{{Patterns: []string{"("}}, {Secrets: []string{"[z-a]"}}} {
		if _, err := redact.New(s, key); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if _, err := redact.New(redact.Settings{}, []byte("short")); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a short key: %v", err)
	}
}

// echo answers with what it was asked.
type echo struct{ asked []string }

func (e *echo) Ask(_ context.Context, q llm.Question) (llm.Answer, error) {
	e.asked = append(e.asked, q.System, q.User, string(q.Schema))
	return llm.Answer{Text: q.User}, nil
}

func TestModel(t *testing.T) {
	var e echo
	m := &redact.Model{Of: &e, Veil: veil(t, redact.Settings{}, "db-1")}
	a, err := m.Ask(t.Context(), llm.Question{System: "judge db-1", User: "db-1 at 10.1.1.1 has password=tiger", Schema: json.RawMessage(`{"enum": ["db-1"]}`)})
	if err != nil || a.Text != "db-1 at 10.1.1.1 has password=[secret]" {
		t.Errorf("%q %v", a.Text, err)
	}
	for _, s := range e.asked {
		if strings.Contains(s, "db-1") || strings.Contains(s, "10.1.1.1") || strings.Contains(s, "tiger") {
			t.Errorf("asked %q", s)
		}
	}
}

// TestClosed asks nobody where redaction is not there or breaks.
func TestClosed(t *testing.T) {
	var e echo
	for name, m := range map[string]*redact.Model{"none": {Of: &e}, "broken": {Of: &e, Veil: &redact.Veil{}}} {
		_, err := m.Ask(t.Context(), llm.Question{User: "text"})
		var f *llm.Failure
		if !errors.As(err, &f) || f.Why != llm.Blocked || f.Elsewhere() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(e.asked) > 0 {
		t.Errorf("asked %q", e.asked)
	}
}

// FuzzHide hides anything without a crash, twice the same as once, and gives
// back what was hidden where no secret was in it.
func FuzzHide(f *testing.F) {
	for _, s := range secrets {
		f.Add(s)
	}
	f.Add("datanode-1 10.0.0.1 2001:db8::1 a@b.cd http://x.y.internal:80/z")
	f.Add("node-bcdf ip-2345 [secret] password=[secret]")
	f.Fuzz(func(t *testing.T, text string) {
		v := veil(t, redact.Settings{}, "datanode-1", "db")
		got := v.Hide(text)
		if again := v.Hide(got); again != got && !strings.Contains(text, "[secret]") {
			// What was hidden may bring other things together, which must settle.
			if third := v.Hide(again); third != again {
				t.Errorf("%q: %q, %q, %q", text, got, again, third)
			}
		}
		secret := false
		for _, c := range v.Changes() {
			secret = secret || c.Kind == redact.Secret
		}
		if back := v.Show(got); !secret && !strings.EqualFold(back, text) && !strings.Contains(text, "-") {
			t.Errorf("%q came back as %q", text, back)
		}
	})
}
