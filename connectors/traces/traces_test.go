package traces

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"triagent/connectors"
	"triagent/incident"
	"triagent/telemetry"
)

const uuid = "627cc493-f310-47de-96bd-71410b7dec09"

func TestNode(t *testing.T) {
	for _, tt := range []struct {
		name  string
		attrs map[string]any
		names []string
		host  string
	}{
		{"nothing", map[string]any{"os.type": "linux"}, nil, ""},
		{"only a service", map[string]any{"service.name": "cart"}, []string{"cart"}, ""},
		{"a service that was not named", map[string]any{"service.name": "unknown_service:java"}, nil, ""},
		{"host", map[string]any{"service.name": "cart", "host.name": "h1"}, []string{"h1"}, "h1"},
		{"pod", map[string]any{"service.name": "cart", "host.name": "h1", "k8s.pod.name": "cart-x", "k8s.pod.ip": "10.0.0.9"}, []string{"cart-x", "10.0.0.9"}, "h1"},
		{"instance", map[string]any{"service.name": "dn", "service.instance.id": "10.0.0.5:6667"}, []string{"10.0.0.5:6667"}, "10.0.0.5"},
		{"instance and pod", map[string]any{"service.name": "dn", "service.instance.id": "dn-2", "k8s.pod.name": "p"}, []string{"dn-2", "p"}, ""},
		{"numbered", map[string]any{"service.name": "cart", "service.instance.id": int64(3)}, []string{"cart-3"}, ""},
		{"random, of a pod", map[string]any{"service.instance.id": uuid, "k8s.pod.name": "p"}, []string{"p", uuid}, ""},
		{"random, on a host", map[string]any{"service.name": "cart", "service.instance.id": uuid, "host.name": "h1"}, []string{"cart@h1", uuid}, "h1"},
		{"random, alone", map[string]any{"service.name": "cart", "service.instance.id": uuid}, []string{uuid}, ""},
		{"unfit", map[string]any{"host.name": "a\nb\x00\xff" + strings.Repeat("x", 999)}, []string{"a b " + strings.Repeat("x", 251)}, "a b " + strings.Repeat("x", 251)},
	} {
		m := pcommon.NewMap()
		if err := m.FromRaw(tt.attrs); err != nil {
			t.Fatal(err)
		}
		if n := Node(m); !slices.Equal(n.Names, tt.names) || n.Host != tt.host {
			t.Errorf("%s: %q on %q, want %q on %q", tt.name, n.Names, n.Host, tt.names, tt.host)
		}
	}
}

func TestSpan(t *testing.T) {
	s := ptrace.NewSpan()
	s.SetTraceID([16]byte{1, 15: 0xab})
	s.SetSpanID([8]byte{2})
	s.SetParentSpanID([8]byte{3})
	s.SetName("insert\x00Tablet")
	s.SetKind(ptrace.SpanKindServer)
	s.SetStartTimestamp(100)
	s.SetEndTimestamp(350)
	s.Status().SetCode(ptrace.StatusCodeError)
	s.Status().SetMessage("too late")
	s.Attributes().PutInt("rows", 7)
	s.Attributes().PutStr("long", strings.Repeat("y", 2000))
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	e.Attributes().PutStr("exception.type", "TimeoutException")
	var cut Cut
	var got telemetry.Span
	Span(&got, s, "dn-1", "dn", &cut)
	want := telemetry.Span{
		TraceID: "010000000000000000000000000000ab", SpanID: "0200000000000000", ParentID: "0300000000000000", Node: "dn-1", Service: "dn",
		Name: "insert Tablet", Kind: telemetry.ServerSpan, Start: 100, Duration: 250, Failed: true,
		Attributes: map[string]string{"rows": "7", "long": strings.Repeat("y", 1024), "status.message": "too late", "exception.type": "TimeoutException"},
	}
	if !reflect.DeepEqual(got, want) || cut.Attributes != 1 {
		t.Errorf("got %+v, cut %+v", got, cut)
	}
	s.SetEndTimestamp(50)
	s.SetKind(99)
	if Span(&got, s, "", "", &cut); got.Duration != 0 {
		t.Errorf("a span that ends before it begins takes %d ns", got.Duration)
	}
	for i := range 100 {
		s.Attributes().PutInt(fmt.Sprint(i), 1)
	}
	if Span(&got, s, "", "", &cut); len(got.Attributes) > maxAttributes+3 {
		t.Errorf("%d attributes", len(got.Attributes))
	}
}

func TestCalls(t *testing.T) {
	span := func(node, id, parent string, k telemetry.SpanKind, attrs ...string) *telemetry.Span {
		s := &telemetry.Span{TraceID: "t", SpanID: id, ParentID: parent, Node: incident.NodeID(node), Kind: k, Attributes: map[string]string{}}
		for i := 0; i+1 < len(attrs); i += 2 {
			s.Attributes[attrs[i]] = attrs[i+1]
		}
		return s
	}
	spans := []*telemetry.Span{
		span("web", "1", "", telemetry.ServerSpan),
		span("web", "2", "1", telemetry.ClientSpan),
		span("cart", "3", "2", telemetry.ServerSpan),
		span("cart", "4", "3", telemetry.InternalSpan),
		span("stock", "5", "4", telemetry.ServerSpan), // no client's span
		span("stock", "6", "5", telemetry.ClientSpan, "db.system", "iotdb", "server.address", "10.0.0.5", "server.port", "6667"),
		span("stock", "7", "5", telemetry.ClientSpan, "db.system", "other", "server.address", "db-1"),
		span("db", "8", "7", telemetry.ServerSpan),
		span("mail", "9", "gone", telemetry.ServerSpan),
	}
	want := []connectors.Call{{From: "cart", To: "stock"}, {From: "stock", To: "10.0.0.5:6667"}, {From: "stock", To: "db"}, {From: "web", To: "cart"}}
	for _, name := range []string{"callers first", "servers first"} {
		var c Calls
		for _, s := range spans {
			c.Add(s)
		}
		if got := c.List(); !slices.Equal(got, want) || c.Unpaired != 1 {
			t.Errorf("%s: %v, %d unpaired", name, got, c.Unpaired)
		}
		slices.Reverse(spans)
	}
}

// TestCallsBounded shows that spans that never meet their other end are not kept
// for ever.
func TestCallsBounded(t *testing.T) {
	var c Calls
	for i := range 3 * maxWaiting {
		s := telemetry.Span{TraceID: "t", SpanID: fmt.Sprint(i), ParentID: fmt.Sprint("p", i), Kind: telemetry.ClientSpan, Node: incident.NodeID(fmt.Sprint("n", i))}
		s.Attributes = map[string]string{"db.system": "x", "server.address": fmt.Sprint(i)}
		c.Add(&s)
		s.Kind = telemetry.ServerSpan
		c.Add(&s)
	}
	if n := len(c.callers.young) + len(c.callers.old); n > maxWaiting {
		t.Errorf("%d callers wait", n)
	}
	if n := len(c.servers.young) + len(c.servers.old); n > maxWaiting {
		t.Errorf("%d servers wait", n)
	}
	if n := len(c.List()); n > maxCalls {
		t.Errorf("%d calls", n)
	}
}
