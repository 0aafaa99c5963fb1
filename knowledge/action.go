package knowledge

import (
	"slices"
	"strings"

	"triagent/incident"
)

// ActionInfo is a typed action of the closed list, which users extend.
type ActionInfo struct {
	Action   string        `json:"action"`
	Names    Texts         `json:"name"`
	Texts    Texts         `json:"text"` // what it does, with {target} and {params}
	Risk     incident.Risk `json:"risk"`
	Approval bool          `json:"needs_approval,omitempty"`
	Params   []Param       `json:"params,omitempty"`
	Verify   CheckTemplate `json:"verify"`
	Undo     CheckTemplate `json:"undo"`
}

// Param is a parameter of an action.
type Param struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	Texts    Texts  `json:"text"`
}

// CheckTemplate is how an action is verified or undone: another action, or a
// signal to watch on a node, or only a text where a person has to do it.
type CheckTemplate struct {
	Action string            `json:"action,omitempty"`
	Params map[string]string `json:"params,omitempty"`
	Signal incident.Signal   `json:"signal,omitempty"`
	Target string            `json:"target,omitempty"`   // "node": the action's target; "cluster"
	Within float64           `json:"within_s,omitempty"` // seconds
	Texts  Texts             `json:"text"`
}

// ActionTemplate is an action that a card proposes.
type ActionTemplate struct {
	Action   string            `json:"action"`
	Systems  []string          `json:"systems,omitempty"`  // only there; empty: any
	Services []string          `json:"services,omitempty"` // only there; empty: any
	Roles    []incident.Role   `json:"roles,omitempty"`    // only if the node holds one of these; empty: any
	Params   map[string]string `json:"params,omitempty"`   // a value "@key" is worded by the phrase param.key
	Risk     incident.Risk     `json:"risk,omitempty"`     // "": the action's own
	Verify   CheckTemplate     `json:"verify,omitzero"`    // zero: the action's own
	Undo     CheckTemplate     `json:"undo,omitzero"`      // zero: the action's own
	Texts    Texts             `json:"text,omitzero"`      // why here; zero: the action's own
}

// IsZero reports whether the check says nothing.
func (c CheckTemplate) IsZero() bool {
	return c.Action == "" && c.Signal == "" && c.Texts == (Texts{}) && len(c.Params) == 0 && c.Target == "" && c.Within == 0
}

// PhraseOf returns the key of the phrase that a parameter value of a card
// stands for; false: the value is meant as it is.
func PhraseOf(value string) (string, bool) {
	key, ok := strings.CutPrefix(value, "@")
	return "param." + key, ok
}

// Fits reports whether the template applies to a node of a system.
func (t ActionTemplate) Fits(system, service string, roles []incident.Role) bool {
	if len(t.Systems) > 0 && !slices.Contains(t.Systems, lower(system)) {
		return false
	}
	if len(t.Services) > 0 && !slices.Contains(t.Services, lower(service)) {
		return false
	}
	return len(t.Roles) == 0 || slices.ContainsFunc(t.Roles, func(r incident.Role) bool { return slices.Contains(roles, r) })
}

// Actions returns the closed list of actions, in the order of the files.
func (b *Base) Actions() []ActionInfo { return b.actions }

// Action returns what is known of an action.
func (b *Base) Action(name string) (ActionInfo, bool) {
	i, ok := b.byAction[name]
	if !ok {
		return ActionInfo{}, false
	}
	return b.actions[i], true
}
