package scripted

import (
	"encoding/json"
	"strings"
)

// spoken is a message, whose content is a text or a list of parts.
type spoken struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

func (m spoken) text() string {
	var text string
	if json.Unmarshal(m.Content, &text) == nil {
		return text
	}
	var parts []struct {
		Text string `json:"text"`
	}
	var b strings.Builder
	if json.Unmarshal(m.Content, &parts) == nil {
		for _, p := range parts {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// said sorts messages by who speaks.
func said(q *Question, all []spoken) {
	for _, m := range all {
		if m.Role == "system" {
			q.System += m.text()
		} else {
			q.User += m.text()
		}
	}
}

// counted is an estimate of tokens: servers count, and so does this one.
func counted(text string) int { return 1 + len(text)/4 }

func readOpenAI(body []byte) (Question, error) {
	var in struct {
		Messages  []spoken `json:"messages"`
		MaxTokens int      `json:"max_tokens"`
		Limit     int      `json:"max_completion_tokens"`
		Format    struct {
			Schema struct {
				Schema json.RawMessage `json:"schema"`
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	err := json.Unmarshal(body, &in)
	q := Question{Schema: in.Format.Schema.Schema, MaxTokens: max(in.MaxTokens, in.Limit)}
	said(&q, in.Messages)
	return q, err
}

func writeOpenAI(q Question, text, stop string) any {
	choice := map[string]any{"index": 0, "message": map[string]any{"role": "assistant", "content": text}}
	if stop != "" {
		choice["finish_reason"] = stop
	}
	return map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion", "choices": []any{choice},
		"usage": map[string]int{"prompt_tokens": counted(q.System + q.User), "completion_tokens": counted(text), "total_tokens": counted(q.System+q.User) + counted(text)},
	}
}

func readAnthropic(body []byte) (Question, error) {
	var in struct {
		System    json.RawMessage `json:"system"`
		Messages  []spoken        `json:"messages"`
		MaxTokens int             `json:"max_tokens"`
	}
	err := json.Unmarshal(body, &in)
	q := Question{MaxTokens: in.MaxTokens, System: spoken{Content: in.System}.text()}
	said(&q, in.Messages)
	return q, err
}

func writeAnthropic(q Question, text, stop string) any {
	out := map[string]any{
		"id": "msg_1", "type": "message", "role": "assistant", "content": []any{map[string]any{"type": "text", "text": text}},
		"usage": map[string]int{"input_tokens": counted(q.System + q.User), "output_tokens": counted(text)},
	}
	if stop != "" {
		out["stop_reason"] = stop
	}
	return out
}

func readOllama(body []byte) (Question, error) {
	var in struct {
		Messages []spoken        `json:"messages"`
		Format   json.RawMessage `json:"format"`
		Options  struct {
			NumPredict int `json:"num_predict"`
		} `json:"options"`
	}
	err := json.Unmarshal(body, &in)
	q := Question{MaxTokens: in.Options.NumPredict}
	if len(in.Format) > 0 && in.Format[0] == '{' {
		q.Schema = in.Format
	}
	said(&q, in.Messages)
	return q, err
}

func writeOllama(q Question, text, stop string) any {
	out := map[string]any{
		"model": "scripted", "message": map[string]any{"role": "assistant", "content": text}, "done": stop != "",
		"prompt_eval_count": counted(q.System + q.User), "eval_count": counted(text),
	}
	if stop != "" {
		out["done_reason"] = stop
	}
	return out
}
