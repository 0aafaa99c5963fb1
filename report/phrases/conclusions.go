package phrases

// conclusions word what the engine makes of the evidence.
var conclusions = table{
	"agent.has_data": {"there are data for it", "有相应数据"},
	"agent.has_role": {"the nodes hold its role", "节点担任相应角色"},

	"reason.examined": {"Examined {nodes} {nodes|node|nodes} and made {evidence} {evidence|piece|pieces} of evidence.", "检查了 {nodes} 个节点，得到 {evidence} 条证据。"},
	"reason.cause":    {"The evidence on {node} fits {fault} best.", "{node} 上的证据最符合“{fault}”。"},
	"reason.role":     {"{node} ({role}) leads {led} of {member} {member|group|groups}, so others feel it.", "{node}（{role}）在 {member} 个组中领导 {led} 个，因此会影响其他节点。"},
	"reason.solved":   {"This was weighed with {cases} solved {cases|incident|incidents} of this system, which had {share} % of the say.", "此结论结合了本系统 {cases} 起已查明的事故，其权重为 {share}%。"},
	"reason.against":  {"This speaks against it, and was outweighed.", "以下证据与之相悖，但分量不足。"},
	"reason.next":     {"The next best on another node is {fault} on {node}, weaker by {ratio} in log-odds.", "其他节点上次优的解释是 {node} 的“{fault}”，对数几率低 {ratio}。"},
	"reason.alike":    {"{fault} on {node} is as strong: the two cannot be told apart.", "{node} 的“{fault}”同样强：两者无法区分。"},
	"reason.healthy":  {"No change is larger or more telling than what this system shows when it is well.", "没有任何变化超出该系统正常时的波动。"},

	"evidence.solved": {"what solved incidents of this system showed, and what they were", "本系统已查明事故的表现及其原因"},

	"rejected.against":      {"the evidence speaks against it", "证据与之相悖"},
	"rejected.quiet":        {"what it would have moved did not move[: {signals}]", "它本应影响的信号没有变化[：{signals}]"},
	"rejected.fits_less":    {"{fault} explains the same evidence better", "“{fault}”能更好地解释同样的证据"},
	"rejected.fits_as_well": {"{fault} explains the same evidence as well: the two cannot be told apart", "“{fault}”同样能解释这些证据：两者无法区分"},
	"rejected.weaker":       {"its evidence is weaker than that on {node}", "其证据弱于 {node}"},
	"rejected.as_strong":    {"its evidence is as strong as that on {node}: the two cannot be told apart", "其证据与 {node} 上的同样强：两者无法区分"},
	"rejected.too_weak":     {"its evidence is too weak to stand out from the ordinary", "证据太弱，未超出正常波动"},

	"summary.cause":   {"{node}[, leader of {led} {led|group|groups}]: {fault}[, from {onset}].", "{node}[（领导 {led} 个组）]：{fault}[，自 {onset}]。"},
	"summary.suspect": {"Not certain; the first suspect is {node}[, leader of {led} {led|group|groups}], with {fault}[, from {onset}].", "尚不确定；首要可疑对象是 {node}[（领导 {led} 个组）]，{fault}[，自 {onset}]。"},
	"summary.young":   {"Not certain: next to nothing was recorded before the fault to compare with; the first suspect is {node}, with {fault}[, from {onset}].", "尚不确定：故障之前几乎没有可供对比的记录；首要可疑对象是 {node}，{fault}[，自 {onset}]。"},
	"summary.blind":   {"It cannot be told whether anything is wrong: next to nothing was recorded before to compare with.", "无法判断是否有异常：此前几乎没有可供对比的记录。"},
	"summary.calm":    {"Probably nothing is wrong, but it is not certain; what stands out most is {node}, where it would be {fault}.", "很可能没有异常，但尚不确定；最突出的是 {node}，若有问题则可能是{fault}。"},
	"summary.lost":    {"Data of the incident's time is missing, and the rest shows no clear trouble; what stands out most is {node}, where it would be {fault}.", "缺少事故时段的数据，其余数据未显示明显异常；最突出的是 {node}，若有问题则可能是{fault}。"},
	"summary.unknown": {"Nothing was recorded that could tell what is wrong, or that nothing is.", "记录的数据既不能说明故障所在，也不能说明一切正常。"},
	"summary.healthy": {"Nothing is wrong that these data show.", "从现有数据看，没有异常。"},
}
