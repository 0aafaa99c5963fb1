package cluster

import (
	"net"
	"testing"
)

// TestSession talks to a server that answers as a DataNode does.
func TestSession(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answers := []func(e *encoder){
		func(e *encoder) { // openSession: status 200, session 77
			e.field(thriftStruct, 0)
			e.field(thriftStruct, 1)
			e.fieldI32(1, 200)
			e.stop()
			e.fieldI32(2, 2)
			e.fieldI64(3, 77)
			e.stop()
		},
		func(e *encoder) { e.fieldI64(0, 5) }, // requestStatementId
		func(e *encoder) { // insertTablet: refused
			e.field(thriftStruct, 0)
			e.fieldI32(1, 301)
			e.fieldText(2, "no room")
			e.stop()
		},
	}
	served := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		for i := 0; err == nil && i < len(answers); i++ {
			if _, err = conn.Read(make([]byte, 64<<10)); err != nil {
				break
			}
			e := &encoder{}
			e.i32(-2147418110) // a reply
			e.text("m")
			e.i32(i + 1)
			answers[i](e)
			e.stop()
			whole := &encoder{}
			whole.text(string(e.b))
			_, err = conn.Write(whole.b)
		}
		served <- err
	}()
	s, err := dial(t.Context(), l.Addr().String())
	if err != nil || s.id != 77 || s.statement != 5 {
		t.Fatalf("%+v, %v", s, err)
	}
	defer s.close()
	err = s.insert(t.Context(), &Tablet{Device: "root.a.b", Timestamps: []int64{1}, Measurements: []string{"s"}, Values: [][]float64{{1}}})
	if err == nil || err.Error() != "code 301: no room" {
		t.Errorf("error %v", err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// FuzzDecoder reads anything without harm.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte{thriftStruct, 0, 1, thriftI32, 0, 1, 0, 0, 0, 200, 0, 0})
	f.Add([]byte{thriftList, 0, 1, thriftBool, 0x7f, 0xff, 0xff, 0xff})
	f.Add([]byte{thriftMap, 0, 1, thriftString, thriftI64, 0, 0, 0, 1, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 1, 0})
	f.Fuzz(func(_ *testing.T, b []byte) {
		d := &decoder{b: b}
		d.fields(0)
	})
}
