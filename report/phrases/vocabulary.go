package phrases

// vocabulary words the short lists of package incident that are no knowledge.
// Faults, roles, actions, risks, shapes and verdicts are worded by the knowledge
// base, which users extend.
var vocabulary = table{
	"kind.metric":    {"metric", "指标"},
	"kind.log":       {"log", "日志"},
	"kind.trace":     {"trace", "链路"},
	"kind.event":     {"event", "事件"},
	"kind.topology":  {"topology", "拓扑"},
	"kind.knowledge": {"knowledge", "知识"},

	"match.right":      {"yes", "是"},
	"match.node_only":  {"node only", "仅节点"},
	"match.fault_only": {"fault only", "仅故障"},
	"match.wrong":      {"no", "否"},

	"unit.lines":     {"{n|line|lines}", "行"},
	"unit.records":   {"{n|record|records}", "条记录"},
	"unit.templates": {"{n|template|templates}", "个模板"},
	"unit.series":    {"series", "个序列"},
	"unit.spans":     {"{n|span|spans}", "个 span"},
	"unit.evidence":  {"{n|piece|pieces} of evidence", "条证据"},
}
