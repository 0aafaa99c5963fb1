package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"triagent/connectors"
	"triagent/connectors/slack"
	"triagent/internal/errs"
	"triagent/report"
	"triagent/store"
)

// do carries out a command of Slack and words the answer. What goes wrong is
// answered in words too, as the asker sees nothing else; the error is for the
// log and may come with an answer.
func (in *Intake) do(ctx context.Context, c *slack.Command) (slack.Answer, error) {
	w := words{report.Options{Lang: report.Lang(c.Lang)}}
	var a slack.Answer
	var err error
	switch c.Verb {
	case slack.Incidents:
		a, err = in.listOpen(ctx, w)
	case slack.Why:
		a, err = in.explain(ctx, w, c.Arg)
	case slack.Diagnose:
		a, err = in.diagnose(ctx, w, c)
	case slack.Help:
		a = help(w)
	default:
		a = help(w)
	}
	if err != nil {
		a = slack.Answer{Title: w.say("failed"), Text: w.say("failed_text")}
	}
	a.Open = w.say("open")
	return a, err
}

func help(w words) slack.Answer {
	return slack.Answer{Title: "Triagent", Text: w.say("help")}
}

// listed is how many incidents a list shows.
const listed = 10

func (in *Intake) listOpen(ctx context.Context, w words) (slack.Answer, error) {
	page, err := in.store.Incidents(ctx, store.Filter{Status: []store.Status{store.Open}, Limit: listed, CountUpTo: 1000})
	if err != nil {
		return slack.Answer{}, fmt.Errorf("list open incidents: %w", err)
	}
	a := slack.Answer{Title: w.say("none")}
	if len(page.Items) > 0 {
		a.Title = w.say("list", page.Total)
	}
	for i := range page.Items {
		inc := &page.Items[i]
		a.Items = append(a.Items, slack.Item{
			Title: inc.ID + " · " + inc.Title,
			Text:  w.severity(inc.Severity) + " · " + w.state(inc) + " · " + w.say("alerts", inc.Alerts),
			URL:   in.page(ctx, inc.ID),
		})
	}
	if page.Total > len(page.Items) {
		a.More = w.say("more", page.Total-len(page.Items))
	}
	return a, nil
}

// page is the address of an incident; empty: none is configured.
func (in *Intake) page(ctx context.Context, id string) string {
	base := in.config.PublicURL(ctx)
	if base == "" {
		return ""
	}
	return strings.TrimRight(base, "/") + "/incidents/" + id
}

// explain answers why: what the last diagnosis says.
func (in *Intake) explain(ctx context.Context, w words, arg string) (slack.Answer, error) {
	digits := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(arg), "inc-"), "#")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 {
		return slack.Answer{Title: "Triagent", Text: w.say("which")}, nil //nolint:nilerr // the asker is told
	}
	inc, err := in.store.Incident(ctx, "inc-"+strconv.FormatInt(n, 10))
	if errs.KindOf(err) == errs.NotFound {
		return slack.Answer{Title: "Triagent", Text: w.say("unknown", n)}, nil
	}
	if err != nil {
		return slack.Answer{}, fmt.Errorf("read incident: %w", err)
	}
	h := inc.Headline
	a := slack.Answer{Title: inc.ID + " · " + inc.Title, URL: in.page(ctx, inc.ID)}
	add := func(name, value string) {
		if value != "" {
			a.Fields = append(a.Fields, connectors.Field{Name: w.say(name), Value: value})
		}
	}
	add("severity", w.severity(inc.Severity))
	if h.Verdict == "" {
		a.Text = w.state(&inc)
		add("nodes", strings.Join(inc.Nodes[:min(len(inc.Nodes), listed)], ", "))
		return a, nil
	}
	a.Text = w.Word(h.Summary)
	add("verdict", w.Name("verdict", string(h.Verdict))+" · "+strconv.Itoa(int(100*h.Confidence+.5))+" %")
	add("node", string(h.Node))
	add("fault", w.Name("fault", string(h.Fault)))
	if !h.Onset.IsZero() {
		add("onset", h.Onset.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return a, nil
}

// diagnose opens an incident from what somebody typed. The nodes that the graph
// knows are found in the text; nothing else of it is understood.
func (in *Intake) diagnose(ctx context.Context, w words, c *slack.Command) (slack.Answer, error) {
	if c.Arg == "" {
		return slack.Answer{Title: "Triagent", Text: w.say("what")}, nil
	}
	now := in.now().UTC()
	g := in.graph.Load()
	inc := store.Incident{
		Title: clip(c.Arg, 200), Severity: store.Major, Status: store.Open, Progress: store.Queued, Source: "slack",
		Labels: map[string]string{"slack_channel": c.Channel, "slack_user": c.User}, Started: now,
	}
	for _, word := range strings.FieldsFunc(c.Arg, func(r rune) bool { return strings.ContainsRune(" ,;，。；、", r) }) {
		if known, ok := knownForm(word, g.known); ok {
			inc.Nodes = distinct(append(inc.Nodes, known)...)
		}
	}
	idem := ""
	if c.ID != "" {
		sum := sha256.Sum256([]byte(c.Arg))
		idem = "slack:" + c.ID + "#" + hex.EncodeToString(sum[:])
	}
	by := store.Actor{Name: "slack:" + or(c.Name, c.User)}
	made, _, err := in.store.CreateIncident(ctx, by, inc, idem, &store.Job{Reason: "asked", NotBefore: now})
	if errs.KindOf(err) == errs.Exhausted {
		return slack.Answer{Title: "Triagent", Text: w.say("full")}, nil
	}
	if err != nil {
		return slack.Answer{}, fmt.Errorf("open an incident: %w", err)
	}
	return slack.Answer{Title: made.ID + " · " + made.Title, Text: w.say("started", made.ID), URL: in.page(ctx, made.ID)}, nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// words words the answers; what a diagnosis says is worded by report.
type words struct{ report.Options }

// say words a phrase of the answers.
func (w words) say(key string, args ...any) string {
	p := phrases[key]
	s := p[0]
	if w.Lang == report.Chinese {
		s = p[1]
	}
	if len(args) == 0 {
		return s
	}
	return fmt.Sprintf(s, args...)
}

func (w words) severity(s store.Severity) string {
	return w.say([]string{"info", "warning", "major", "critical"}[min(max(s, store.Info), store.Critical)-1])
}

// state says where an incident and its diagnosis stand.
func (w words) state(inc *store.Incident) string {
	if h := inc.Headline; h.Verdict != "" {
		s := w.Name("verdict", string(h.Verdict))
		if h.Node != "" {
			s += ": " + string(h.Node) + " " + w.Name("fault", string(h.Fault))
		}
		return s
	}
	return w.say("is_" + string(inc.Progress))
}

// English first, then Chinese.
var phrases = map[string][2]string{
	"help": {
		"incidents: what is open\nwhy inc-42: what is known of an incident\ndiagnose TEXT: open an incident and look into it\nhelp: this list",
		"事件：列出未解决的故障\n为什么 inc-42：查看某个故障的诊断结果\n诊断 描述：新建故障并开始诊断\n帮助：显示此列表",
	},
	"none": {"No incident is open", "目前没有未解决的故障"}, "list": {"Open incidents: %d", "未解决的故障：%d 个"},
	"more": {"%d more are on the page", "其余 %d 个请在页面查看"}, "alerts": {"alerts: %d", "告警 %d 条"}, "open": {"Open", "打开"},
	"which": {"Which incident? Write it as: why inc-42", "请指明故障，例如：为什么 inc-42"}, "unknown": {"There is no incident inc-%d.", "没有编号为 inc-%d 的故障。"},
	"what":        {"What is wrong? Write it behind the word, as: diagnose writes on datanode-2 are slow", "请在后面写明现象，例如：诊断 datanode-2 写入变慢"},
	"full":        {"The queue of diagnoses is full. Try again in a minute.", "诊断队列已满，请一分钟后再试。"},
	"started":     {"The diagnosis has begun. Ask for it with: why %s", "诊断已开始。查看结果：为什么 %s"},
	"failed":      {"That did not work", "操作未成功"},
	"failed_text": {"The service cannot answer now. Try again in a moment; the reason is in its log.", "服务暂时无法回答，请稍后再试；原因见服务日志。"},
	"severity":    {"Severity", "严重程度"}, "nodes": {"Nodes", "节点"}, "node": {"Node", "节点"}, "fault": {"Fault", "故障类型"}, "verdict": {"Verdict", "结论"}, "onset": {"Since", "开始时间"},
	"info": {"info", "提示"}, "warning": {"warning", "警告"}, "major": {"major", "重要"}, "critical": {"critical", "严重"},
	"is_waiting": {"waiting for alerts to gather", "等待告警汇集"}, "is_queued": {"waiting to be diagnosed", "等待诊断"}, "is_running": {"the diagnosis is running", "正在诊断"},
	"is_done": {"diagnosed", "诊断完成"}, "is_failed": {"the diagnosis failed", "诊断失败"},
}
