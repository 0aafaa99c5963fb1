package phrases

import "strings"

// plain gives the Chinese for sentences and words that parts of Triagent hand
// out in plain English: what was reduced and how, what is missing and why. {}
// stands for whatever the sentence quotes, in the same order in both languages.
var plain = map[string]string{
	"logs": "日志", "metrics": "指标", "traces": "链路", "evidence": "证据", "graph": "调用图", "spans": "span",
	"topology": "拓扑", "window": "时间窗口", "baseline": "基线", "events": "事件", "alerts": "告警",

	"counted by node, template and time":                                          "按节点、模板和时间计数",
	"the telling changes are kept":                                                "保留有意义的变化",
	"records outside the window and the baseline do not count":                    "窗口和基线之外的记录不计入",
	"there are too many templates: counted by level only":                         "模板过多：仅按级别计数",
	"of very long lines only the beginning makes the template":                    "超长日志仅以开头部分生成模板",
	"series that moved, the strongest of each signal":                             "有变化的序列，每种信号取最强者",
	"counted and timed by node, operation and time; the telling changes are kept": "按节点、操作和时间统计次数与耗时；保留有意义的变化",
	"traces too long in coming were taken apart before their last span":           "等待过久的链路在最后一个 span 之前即被拆分",
	"records whose span is not in the traces are judged without their operation":  "所属 span 不在链路中的日志不按操作判断",
	"the first spans only":                                                        "仅取最前面的 span",

	"not in the bundle":         "不在事件包中",
	"none in the bundle for {}": "事件包中没有 {} 的数据",
	"no record of {} lies in the window or the baseline: the records run from {} to {}, the window from {} to {} (UTC); if they were written in another time zone, name it as log_zone in incident.json": "{} 的日志没有一条落在窗口或基线内：日志为 {} 至 {}，窗口为 {} 至 {}（UTC）；若日志使用其他时区，请在 incident.json 中用 log_zone 指明",
	"no metric has a sample outside the window": "没有指标在窗口外有样本",
	"nothing was recorded before the fault to compare with, so nothing that follows is certain; a source that remembers longer would help, as a Prometheus that runs all the time":            "故障之前没有任何可供对比的记录，因此下述内容均不确定；请使用能保存更长历史的数据源，例如持续运行的 Prometheus",
	"only {} of normal time were recorded to compare with, and {} are needed: what follows is not certain; a source that remembers longer would help, as a Prometheus that runs all the time": "可供对比的正常时段记录仅有 {}，至少需要 {}：下述内容不确定；请使用能保存更长历史的数据源，例如持续运行的 Prometheus",
	"no metric has a sample in the window":                               "没有指标在窗口内有样本",
	"it does not name {}: role unknown":                                  "未提及 {}：角色未知",
	"incident.json does not give one":                                    "incident.json 未给出",
	"infinite values read as gaps: {}":                                   "按缺失处理的无穷值：{} 个",
	"neither metrics/<node>.csv nor logs/<node>.log or .jsonl: not read": "既非 metrics/<node>.csv 也非 logs/<node>.log 或 .jsonl：未读取",
}

// Plain returns the Chinese of a plain English text; false if there is none.
func Plain(s string) (string, bool) {
	if zh, ok := plain[s]; ok {
		return zh, true
	}
	best, out := -1, ""
	for en, zh := range plain {
		quoted, ok := quotes(en, s)
		if n := len(en) - 2*len(quoted); ok && n > best {
			best, out = n, requote(zh, quoted)
		}
	}
	return out, best >= 0
}

// requote puts what was quoted in the places of {}.
func requote(pattern string, quoted []string) string {
	parts := strings.Split(pattern, "{}")
	var b strings.Builder
	for i, p := range parts {
		b.WriteString(p)
		if i < len(parts)-1 && i < len(quoted) {
			b.WriteString(quoted[i])
		}
	}
	return b.String()
}

// quotes returns what stands in a sentence where its pattern has {}: up to where
// the pattern goes on for the first time, and at the end up to its end. false:
// it is another sentence.
func quotes(pattern, s string) (quoted []string, ok bool) {
	parts := strings.Split(pattern, "{}")
	end := len(parts) - 1
	if end == 0 || !strings.HasPrefix(s, parts[0]) || !strings.HasSuffix(s[len(parts[0]):], parts[end]) {
		return nil, false
	}
	s = s[len(parts[0]) : len(s)-len(parts[end])]
	for _, p := range parts[1:end] {
		q, rest, found := strings.Cut(s, p)
		if !found {
			return nil, false
		}
		quoted, s = append(quoted, q), rest
	}
	return append(quoted, s), true
}
