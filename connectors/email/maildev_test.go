package email_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"triagent/connectors/email"
	"triagent/connectors/sendertest"
)

// TestMailDev sends to a MailDev of this machine and reads over HTTP what a
// mail program would show.
func TestMailDev(t *testing.T) {
	path, err := exec.LookPath("maildev")
	if err != nil {
		t.Skip("no maildev on this machine (npm install maildev, and its .bin folder in PATH)")
	}
	smtp, web := free(t), free(t)
	cmd := exec.Command(path, "--ip", "127.0.0.1", "--web-ip", "127.0.0.1", "-s", fmt.Sprint(smtp), "-w", fmt.Sprint(web), "--mail-directory", t.TempDir(),
		"--incoming-user", "u", "--incoming-pass", "p")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	base := fmt.Sprintf("http://127.0.0.1:%d", web)
	eventually(t, "maildev answers", func() bool {
		resp, err := http.Get(base + "/healthz")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
	srv := email.Server{Host: "127.0.0.1", Port: smtp, Security: email.None, From: from, User: "u", Password: "p"}
	m := sendertest.Message("磁盘已满 <script>")
	first, err := sender(t, srv).Send(t.Context(), m, "")
	if err != nil {
		t.Fatal(err)
	}
	m.ID = "n8-c1"
	if _, err := sender(t, srv).Send(t.Context(), m, first); err != nil {
		t.Fatal(err)
	}
	var mails []struct {
		Subject, Text, HTML, MessageID string
		References                     any
		InReplyTo                      any
	}
	eventually(t, "both mails are there", func() bool {
		resp, err := http.Get(base + "/email")
		if err != nil {
			return false
		}
		err = json.NewDecoder(resp.Body).Decode(&mails)
		return resp.Body.Close() == nil && err == nil && len(mails) == 2
	})
	a, b := mails[0], mails[1]
	if a.Subject != "T 磁盘已满 <script>" || !strings.Contains(a.Text, "restart node-1") || strings.Contains(a.HTML, "<script") || !strings.Contains(a.HTML, "磁盘已满 &lt;script&gt;") {
		t.Errorf("%+v", a)
	}
	if bare := strings.Trim(string(first), "<>"); !strings.Contains(fmt.Sprint(b.InReplyTo), bare) {
		t.Errorf("the second answers %v, not %s", b.InReplyTo, bare)
	}
}

// eventually asks until it is so, for at most 30 s.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); <-tick.C {
		if so() {
			return
		}
	}
	t.Fatalf("after 30 s still not: %s", what)
}
