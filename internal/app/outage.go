package app

import (
	"cmp"
	"fmt"
	"time"

	"triagent/connectors"
	"triagent/internal/errs"
)

// outage is the time in which a source does not answer.
type outage struct {
	system, source, kind, at string
	since                    time.Time // the first look that failed
	told                     bool      // people are told
	why                      error     // the last when they were
}

// gives says what a kind of source gives, and diagnoses are without while it does
// not answer: in English, in Chinese.
var gives = map[string][2]string{
	"alertmanager": {"alerts that fire beside, and silences", "同时触发的告警和静默"},
	"elastic":      {"logs", "日志"},
	"files":        {"logs", "日志"},
	"iotdb":        {"roles, replica groups and running queries", "角色、副本组和正在运行的查询"},
	"jaeger":       {"traces", "链路"},
	"kubernetes":   {"events and the state of pods", "事件和 Pod 状态"},
	"loki":         {"logs", "日志"},
	"otlp":         {"metrics, logs and traces that are sent to us", "发送来的指标、日志和链路"},
	"postgresql":   {"roles, replication, locks and activity", "角色、复制、锁和会话活动"},
	"prometheus":   {"metrics", "指标"},
}

// failing words kinds of error in Chinese, whose own text is English.
var failing = map[errs.Kind]string{
	errs.Denied: "拒绝访问", errs.Exhausted: "超出限制", errs.Invalid: "返回的内容无法识别", errs.NotFound: "找不到", errs.Unavailable: "没有应答",
}

// alert says that the source does not answer, or from ends on does again. It is
// about the watching, not the watched: it names no node and a system of its own.
func (o *outage) alert(set Settings, ends time.Time) connectors.Alert {
	notes := o.words(set.File)
	lang := cmp.Or(set.Lang, "en")
	notes["title"], notes["summary"] = notes["title_"+lang], notes["text_"+lang]
	a := connectors.Alert{
		Source: ownSystem, Name: "SourceDoesNotAnswer", Severity: "warning", System: ownSystem, Group: "source/" + o.system + "/" + o.source,
		Labels: map[string]string{"watched": o.system, "source": o.source, "kind": o.kind}, Annotations: notes, Starts: o.since.UTC(),
	}
	if !ends.IsZero() {
		a.Ends = ends.UTC()
	}
	return a
}

// words tell in both languages which source of which system does not answer since
// when and why, what diagnoses lack because of it, and what to do.
func (o *outage) words(file string) map[string]string {
	command := fmt.Sprintf("triagent check connectors --config %s --system %s", cmp.Or(file, "FILE"), o.system)
	lack := gives[o.kind]
	since := o.since.UTC().Format("2006-01-02 15:04:05 UTC")
	out := map[string]string{
		"title_en": fmt.Sprintf("Source %s of system %s does not answer", o.source, o.system),
		"title_zh": fmt.Sprintf("系统 %s 的数据源 %s 没有应答", o.system, o.source),
	}
	why, reason := "it did not answer", failing[errs.KindOf(o.why)]
	if o.why != nil {
		why = o.why.Error()
	}
	out["text_en"] = fmt.Sprintf("It (%s, %s) has not answered since %s; the last error: %s. Until it does, diagnoses of %s lack its %s. To see what is wrong, run: %s",
		o.kind, o.at, since, why, o.system, lack[0], command)
	out["text_zh"] = fmt.Sprintf("该数据源（%s，%s）自 %s 起没有应答；最近一次错误：%s（%s）。在恢复之前，%s 的诊断将缺少：%s。查看原因请运行：%s",
		o.kind, o.at, since, cmp.Or(reason, "出错"), why, o.system, lack[1], command)
	return out
}
