package knowledge

import (
	"strconv"
	"strings"
)

// Texts is a text in every language of the base.
type Texts struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// In returns the text in a language ("en", "zh"), English for any other.
func (t Texts) In(lang string) string {
	if lang == "zh" {
		return t.ZH
	}
	return t.EN
}

// word is a phrase of the catalogue. Phrases hold arguments as {name}.
type word struct {
	Key string `json:"key"`
	EN  string `json:"en"`
	ZH  string `json:"zh"`
}

// gatherWords makes the catalogue: the phrases of the files, and the names of
// signals ("signal.cpu.use"), faults ("fault.disk_full", "fault.disk_full.text")
// and actions ("action.flush", "action.flush.text", ".verify", ".undo").
func gatherWords(doc *document) map[string]map[string]string {
	en := make(map[string]string, len(doc.Words)+len(doc.Signals)+2*len(doc.Cards)+4*len(doc.Actions))
	zh := make(map[string]string, len(en))
	both := func(key string, t Texts) {
		if t != (Texts{}) {
			en[key], zh[key] = t.EN, t.ZH
		}
	}
	for _, s := range doc.Signals {
		key := "signal." + string(s.Signal)
		en[key], zh[key] = s.EN, s.ZH
	}
	for i := range doc.Cards {
		c := &doc.Cards[i]
		both("fault."+string(c.Fault), c.Names)
		both("fault."+string(c.Fault)+".text", c.Texts)
		for j, t := range c.Do {
			both(TemplateKey(c, j, ""), t.Texts)
			both(TemplateKey(c, j, ".verify"), t.Verify.Texts)
			both(TemplateKey(c, j, ".undo"), t.Undo.Texts)
		}
	}
	for _, a := range doc.Actions {
		both("action."+a.Action, a.Names)
		both("action."+a.Action+".text", a.Texts)
		both("action."+a.Action+".verify", a.Verify.Texts)
		both("action."+a.Action+".undo", a.Undo.Texts)
	}
	for _, w := range doc.Words {
		en[w.Key], zh[w.Key] = w.EN, w.ZH
	}
	return map[string]map[string]string{"en": en, "zh": zh}
}

// TemplateKey is the phrase key of the i-th action that a card proposes; part
// is "" for its text, ".verify" or ".undo".
func TemplateKey(c *Card, i int, part string) string {
	return "do." + string(c.Fault) + "." + strconv.Itoa(i+1) + part
}

// Word returns the phrase of a key in a language: "en", "zh" or a form of these
// as "zh-CN". false: no such language or key.
func (b *Base) Word(lang, key string) (string, bool) {
	base, _, _ := strings.Cut(strings.ReplaceAll(lower(lang), "_", "-"), "-")
	s, ok := b.words[base][key]
	return s, ok
}
