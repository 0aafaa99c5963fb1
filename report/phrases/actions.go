package phrases

// actions word the steps of a plan that bring no text of their own.
var actions = table{
	"action.on":                {"{action}: {target}", "{action}：{target}"},
	"check.signal":             {"{signal} of {target} is back to normal within {within}", "{target} 的 {signal} 在 {within} 内恢复正常"},
	"check.signal_no_time":     {"{signal} of {target} is back to normal", "{target} 的 {signal} 恢复正常"},
	"check.signal_no_target":   {"{signal} is back to normal within {within}", "{signal} 在 {within} 内恢复正常"},
	"check.signal_alone":       {"{signal} is back to normal", "{signal} 恢复正常"},
	"check.action":             {"{action}", "{action}"},
	"check.action_with_target": {"{action}: {target}", "{action}：{target}"},
}
