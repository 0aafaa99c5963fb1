package outbox

import (
	"strings"

	"triagent/report"
)

// phrases word messages, in English and in Chinese. Braces name arguments.
var phrases = map[string][2]string{
	"title.opened":    {"New incident {incident}: {title}", "新事件 {incident}：{title}"},
	"title.diagnosed": {"Diagnosed {incident}: {title}", "诊断完成 {incident}：{title}"},
	"title.updated":   {"Changed {incident}: {title}", "事件更新 {incident}：{title}"},
	"title.resolved":  {"Resolved {incident}: {title}", "事件恢复 {incident}：{title}"},
	"title.failed":    {"Diagnosis failed {incident}: {title}", "诊断失败 {incident}：{title}"},
	"title.test":      {"Test of channel {channel}", "渠道 {channel} 测试"},

	"text.failed":     {"The diagnosis failed: {error}.", "诊断失败：{error}。"},
	"text.lasted":     {"It is over after {time}.", "持续 {time}，现已恢复。"},
	"text.firing.one": {"One alert is firing.", "1 条告警正在触发。"},
	"text.firing":     {"{count} alerts are firing.", "{count} 条告警正在触发。"},
	"text.soon":       {"A diagnosis follows.", "正在诊断。"},
	"text.again":      {"It answers again. ", "数据源已恢复应答。"},
	"text.test":       {"Messages of Triagent arrive here.", "Triagent 的消息会送达此处。"},

	"field.severity": {"Severity", "严重程度"},
	"field.status":   {"Status", "状态"},
	"field.verdict":  {"Verdict", "结论"},
	"field.node":     {"Node", "节点"},
	"field.fault":    {"Fault", "故障"},
	"field.since":    {"Since", "开始时间"},
	"field.system":   {"System", "系统"},
	"field.alerts":   {"Alerts", "告警"},

	"severity.info":     {"info", "提示"},
	"severity.warning":  {"warning", "警告"},
	"severity.major":    {"major", "重要"},
	"severity.critical": {"critical", "严重"},
	"status.open":       {"open", "未恢复"},
	"status.resolved":   {"resolved", "已恢复"},
	"alerts":            {"{count}, {firing} firing", "{count} 条，{firing} 条触发中"},

	"step.approval": {" (needs approval)", "（需审批）"},
	"step.more":     {"{count} more on the page", "页面上还有 {count} 步"},

	"account.locked.title": {"Your Triagent account was locked", "您的 Triagent 账户已被锁定"},
	"account.locked.text": {
		"After {failures} failed log-ins, the last one from {addr}, the account {name} is locked until {until}. If that was not you, tell your administrator.",
		"账户 {name} 连续 {failures} 次登录失败（最近一次来自 {addr}），已锁定至 {until}。如非本人操作，请告知管理员。",
	},
	"account.other.title": {"A change of your Triagent account", "您的 Triagent 账户有变化"},
	"account.other.text":  {"The account {name} was changed: {event}. If that was not you, tell your administrator.", "账户 {name} 发生变化：{event}。如非本人操作，请告知管理员。"},
}

// say words a phrase from alternating names and values. Values are put in as
// they are and not looked into: each sender escapes the whole.
func say(lang report.Lang, key string, pairs ...string) string {
	p, ok := phrases[key]
	if !ok {
		return key
	}
	text := p[0]
	if lang == report.Chinese {
		text = p[1]
	}
	if len(pairs) == 0 {
		return text
	}
	args := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		args = append(args, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(args...).Replace(text)
}
