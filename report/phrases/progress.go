package phrases

// progress words a diagnosis while it happens.
var progress = table{
	"stage.collect": {"collect", "收集"},
	"stage.map":     {"map", "建图"},
	"stage.examine": {"examine", "检查"},
	"stage.judge":   {"judge", "判断"},
	"stage.decide":  {"decide", "决策"},

	"progress.opened":   {"{incident}: {engine} engine", "{incident}：{engine} 引擎"},
	"progress.graph":    {"{nodes} {nodes|node|nodes}, {edges} {edges|edge|edges}", "{nodes} 个节点，{edges} 条边"},
	"progress.agent":    {"{agent} on {nodes}", "{agent}：{nodes}"},
	"progress.finding":  {"{node}: {text} ({id})", "{node}：{text}（{id}）"},
	"progress.system":   {"system", "系统"},
	"progress.detected": {"abnormal, score {score}", "异常，得分 {score}"},
	"progress.normal":   {"nothing abnormal, score {score}", "未见异常，得分 {score}"},
	"progress.rejected": {"ruled out: {node}, {fault}", "排除：{node}，{fault}"},
	"progress.cause":    {"{rank}. {node}, {fault}, {p}", "{rank}. {node}，{fault}，{p}"},
	"progress.planned":  {"{n} {n|step|steps} planned", "建议 {n} 个步骤"},
	"progress.lacked":   {"missing: {what} ({why})", "缺失：{what}（{why}）"},
	"progress.verdict":  {"{verdict} {p}", "{verdict} {p}"},
	"progress.closed":   {"done in {time}", "完成，用时 {time}"},
}
