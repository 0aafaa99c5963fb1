package report

// The diagnosis file, version 1: field names and order are public and stay.
// Fields after "missing" and before "cost" were added to what scripts rely on:
// they are what the pictures of the HTML report need, and what it takes to
// compute each number again.
type wireDiagnosis struct {
	Version     int             `json:"version"`
	Incident    string          `json:"incident"`
	Verdict     string          `json:"verdict"`
	Confidence  number          `json:"confidence"`
	Engine      wireEngine      `json:"engine"`
	Summary     string          `json:"summary"`
	Detection   wireDetection   `json:"detection"`
	Causes      []wireCause     `json:"causes"`
	Findings    []wireFinding   `json:"findings"`
	Evidence    []wireEvidence  `json:"evidence"`
	Reasoning   []wireReason    `json:"reasoning"`
	Rejected    []wireRejected  `json:"rejected"`
	Propagation []wireSpread    `json:"propagation"`
	Plan        *wirePlan       `json:"plan"`
	Reductions  []wireReduction `json:"reductions"`
	Missing     []wireMissing   `json:"missing"`
	Subject     wireSubject     `json:"subject"`
	Graph       wireGraph       `json:"graph"`
	Charts      []wireChart     `json:"charts"`
	Templates   []wireTemplate  `json:"templates"`
	Cost        wireCost        `json:"cost"`
}

type wireEngine struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Model   string `json:"model"`
}

type wireDetection struct {
	Anomalous bool       `json:"anomalous"`
	Score     number     `json:"score"`
	Windows   []wireSpan `json:"windows"`
}

type wireSpan struct {
	From  stamp    `json:"from"`
	To    stamp    `json:"to"`
	Nodes []string `json:"nodes"`
	Score number   `json:"score"`
}

type wireWindow struct {
	From stamp `json:"from"`
	To   stamp `json:"to"`
}

type wireCause struct {
	Rank        int      `json:"rank"`
	Node        string   `json:"node"`
	Service     string   `json:"service"`
	Role        string   `json:"role"`
	Fault       string   `json:"fault"`
	Label       string   `json:"label,omitempty"`
	Probability number   `json:"probability"`
	Onset       stamp    `json:"onset"`
	Cites       []string `json:"cites"`
}

type wireFinding struct {
	ID       string   `json:"id"`
	Agent    string   `json:"agent"`
	Node     string   `json:"node"`
	Text     string   `json:"text"`
	Strength number   `json:"strength"`
	Cites    []string `json:"cites"`
}

type wireEvidence struct {
	ID        string       `json:"id"`
	Kind      string       `json:"kind"`
	Node      string       `json:"node"`
	Signal    string       `json:"signal"`
	Unit      string       `json:"unit"`
	From      stamp        `json:"from"`
	To        stamp        `json:"to"`
	Text      string       `json:"text"`
	Source    wireSource   `json:"source"`
	Peer      string       `json:"peer"`
	Name      string       `json:"name"`
	Direction string       `json:"direction"`
	Shape     string       `json:"shape"`
	Score     number       `json:"score"`
	Onset     wireWindow   `json:"onset"`
	Numbers   []wireNumber `json:"numbers"`
}

type wireSource struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Query string `json:"query"`
}

// wireNumber is a number of an evidence text with what it was computed from;
// Value is exact.
type wireNumber struct {
	Name    string       `json:"name"`
	Value   number       `json:"value"`
	Stat    string       `json:"stat"`
	File    string       `json:"file"`
	Column  string       `json:"column"`
	Windows []wireWindow `json:"windows"`
	Arg     string       `json:"arg"`
}

type wireReason struct {
	Step  int      `json:"step"`
	Text  string   `json:"text"`
	Cites []string `json:"cites"`
}

type wireRejected struct {
	Node    string   `json:"node"`
	Fault   string   `json:"fault"`
	Because string   `json:"because"`
	Cites   []string `json:"cites"`
}

type wireSpread struct {
	From  string   `json:"from"`
	To    string   `json:"to"`
	At    stamp    `json:"at"`
	Cites []string `json:"cites"`
}

type wirePlan struct {
	ID    string       `json:"id"`
	Steps []wireAction `json:"steps"`
}

type wireAction struct {
	Action        string            `json:"action"`
	Target        string            `json:"target"`
	Params        map[string]string `json:"params"`
	Risk          string            `json:"risk"`
	NeedsApproval bool              `json:"needs_approval"`
	Text          string            `json:"text"`
	Verify        wireCheck         `json:"verify"`
	Undo          wireCheck         `json:"undo"`
}

type wireCheck struct {
	Action  string            `json:"action,omitempty"`
	Params  map[string]string `json:"params,omitempty"`
	Signal  string            `json:"signal,omitempty"`
	Target  string            `json:"target,omitempty"`
	WithinS number            `json:"within_s,omitempty"`
	Text    string            `json:"text"`
}

type wireReduction struct {
	Stage string `json:"stage"`
	In    int64  `json:"in"`
	Out   int64  `json:"out"`
	Unit  string `json:"unit"`
	How   string `json:"how"`
	Rest  string `json:"rest"`
}

type wireMissing struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// wireSubject is what was known when the diagnosis started.
type wireSubject struct {
	Title    string     `json:"title"`
	System   string     `json:"system"`
	Window   wireWindow `json:"window"`
	Baseline wireWindow `json:"baseline"`
	Alert    wireAlert  `json:"alert"`
}

type wireAlert struct {
	Name string `json:"name"`
	Node string `json:"node"`
	At   stamp  `json:"at"`
}

type wireGraph struct {
	Nodes []wireNode `json:"nodes"`
	Edges []wireEdge `json:"edges"`
}

type wireNode struct {
	ID      string `json:"id"`
	Service string `json:"service"`
	Role    string `json:"role"`
	Oddness number `json:"oddness"`
}

type wireEdge struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Kind    string `json:"kind"`
	Count   int    `json:"count"`
	Oddness number `json:"oddness"`
}

type wireChart struct {
	Evidence string   `json:"evidence"`
	Title    string   `json:"title"`
	Unit     string   `json:"unit"`
	Times    []stamp  `json:"times"`
	Values   []number `json:"values"`
}

type wireTemplate struct {
	Node     string `json:"node"`
	Template string `json:"template"`
	Level    string `json:"level"`
	Window   int    `json:"window"`
	Baseline int    `json:"baseline"`
	Evidence string `json:"evidence"`
}

type wireCost struct {
	WallMS           int64  `json:"wall_ms"`
	CPUMS            int64  `json:"cpu_ms"`
	PeakBytes        int64  `json:"peak_bytes"`
	ModelCalls       int    `json:"model_calls"`
	PromptTokens     int    `json:"prompt_tokens"`
	CompletionTokens int    `json:"completion_tokens"`
	USD              number `json:"usd"`
}

// wireFailure is the line of a bundle that could not be diagnosed.
type wireFailure struct {
	Version  int       `json:"version"`
	Incident string    `json:"incident"`
	Error    wireError `json:"error"`
}

type wireError struct {
	Kind    string `json:"kind"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}
