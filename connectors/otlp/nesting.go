package otlp

import (
	"encoding/binary"
	"errors"
	"fmt"

	"triagent/connectors/otlp/ring"
)

// maxNesting bounds how deep values stand in one another. Whoever reads them
// calls itself for each level, and a stack that overflows ends the process.
const maxNesting = 100

// levelSize is the least that a value in a value adds, in bytes: tag and size of
// the array, tag and size of the value in it.
const levelSize = 4

// maxBrackets is how many brackets of JSON are open at once within maxNesting: a
// value in a list takes four, and what is around the values fewer than the rest.
const maxBrackets = 4*maxNesting + 20

var (
	errDeep   = fmt.Errorf("its values are nested more than %d deep", maxNesting)
	errBroken = errors.New("it is no protobuf, or breaks off")
)

// form is a message of the protocol on the way to values.
type form uint8

const (
	leaf form = iota // leads to no value
	tracesForm
	metricsForm
	logsForm
	resourceSpans
	resourceMetrics
	resourceLogs
	scopeSpans
	scopeMetrics
	scopeLogs
	resourceForm
	scopeForm
	spanForm
	eventForm
	linkForm
	recordForm
	metricForm
	numbersForm
	numberForm
	histogramsForm
	histogramForm
	exponentialsForm
	exponentialForm
	summariesForm
	summaryForm
	exemplarForm
	pairForm  // a key with its value
	valueForm // of any type
	arrayForm // of values
	listForm  // of pairs
)

// oldScopes is a field that had the scopes of a resource once, and its place in
// leads.
const (
	oldScopes = 1000
	oldPlace  = 14
)

// leads says which message stands in a field, by form and number of the field.
var leads = [...][16]form{
	tracesForm:       {1: resourceSpans},
	metricsForm:      {1: resourceMetrics},
	logsForm:         {1: resourceLogs},
	resourceSpans:    {1: resourceForm, 2: scopeSpans, oldPlace: scopeSpans},
	resourceMetrics:  {1: resourceForm, 2: scopeMetrics, oldPlace: scopeMetrics},
	resourceLogs:     {1: resourceForm, 2: scopeLogs, oldPlace: scopeLogs},
	scopeSpans:       {1: scopeForm, 2: spanForm},
	scopeMetrics:     {1: scopeForm, 2: metricForm},
	scopeLogs:        {1: scopeForm, 2: recordForm},
	resourceForm:     {1: pairForm},
	scopeForm:        {3: pairForm},
	spanForm:         {9: pairForm, 11: eventForm, 13: linkForm},
	eventForm:        {3: pairForm},
	linkForm:         {4: pairForm},
	recordForm:       {5: valueForm, 6: pairForm},
	metricForm:       {5: numbersForm, 7: numbersForm, 9: histogramsForm, 10: exponentialsForm, 11: summariesForm, 12: pairForm},
	numbersForm:      {1: numberForm},
	numberForm:       {5: exemplarForm, 7: pairForm},
	histogramsForm:   {1: histogramForm},
	histogramForm:    {8: exemplarForm, 9: pairForm},
	exponentialsForm: {1: exponentialForm},
	exponentialForm:  {1: pairForm, 11: exemplarForm},
	summariesForm:    {1: summaryForm},
	summaryForm:      {7: pairForm},
	exemplarForm:     {7: pairForm},
	pairForm:         {2: valueForm},
	valueForm:        {5: arrayForm, 6: listForm},
	arrayForm:        {1: valueForm},
	listForm:         {1: pairForm},
}

// roots are the forms of requests, by ring.Kind.
var roots = [...]form{ring.Traces: tracesForm, ring.Metrics: metricsForm, ring.Logs: logsForm}

func (f form) at(field int32) form {
	switch field {
	case oldScopes:
		field = oldPlace
	case oldPlace:
		return leaf
	}
	if field < 0 || int(field) >= len(leads[f]) {
		return leaf
	}
	return leads[f][field]
}

// The ways in which protobuf writes a field.
const (
	wireVarint = iota
	wire64
	wireBytes
	wireGroup
	wireGroupEnd
	wire32
)

// part is a message that is being looked through.
type part struct {
	form form
	end  int // where it ends in the body
}

// deep gives the bytes of each value of a request that stands deeper than
// maxNesting to found, and what stands in it to nobody. It calls nothing for a
// level, and needs little memory whatever the body is. Tags of groups, which the
// protocol does not have, are passed over: fields within are looked at as well.
func deep(k ring.Kind, body []byte, found func(value []byte) error) error {
	open, values, at := []part{{roots[k], len(body)}}, 0, 0
	for len(open) > 0 {
		in := open[len(open)-1]
		if at == in.end {
			open = open[:len(open)-1]
			if in.form == valueForm {
				values--
			}
			continue
		}
		field, from, to, ok := next(body[:in.end], at)
		if !ok {
			return errBroken
		}
		at = to
		form := in.form.at(field)
		if form == leaf || from < 0 || to-from < levelSize*(maxNesting-values) { // too short to be too deep
			continue
		}
		if form == valueForm {
			if values == maxNesting {
				if err := found(body[from:to]); err != nil {
					return err
				}
				continue
			}
			values++
		}
		open, at = append(open, part{form, to}), from
	}
	return nil
}

// next reads the field at a place: its number, where its bytes begin (-1: it has
// a number or is the tag of a group), and where it ends.
func next(body []byte, at int) (field int32, from, to int, ok bool) {
	tag, n := binary.Uvarint(body[at:])
	if n <= 0 {
		return 0, 0, 0, false
	}
	at += n
	field = int32(tag >> 3)
	size := uint64(0)
	from = -1
	switch tag & 7 {
	case wireVarint:
		_, n := binary.Uvarint(body[at:])
		if n <= 0 {
			return 0, 0, 0, false
		}
		at += n
	case wire64:
		size = 8
	case wire32:
		size = 4
	case wireBytes:
		size, n = binary.Uvarint(body[at:])
		if n <= 0 {
			return 0, 0, 0, false
		}
		at += n
		from = at
	case wireGroup, wireGroupEnd:
	default:
		return 0, 0, 0, false
	}
	if size > uint64(len(body)-at) {
		return 0, 0, 0, false
	}
	return field, from, at + int(size), true
}

// shallow refuses a request whose values are nested too deep.
func shallow(k ring.Kind, body []byte) error {
	return deep(k, body, func([]byte) error { return errDeep })
}

// shallowJSON refuses a request in JSON that has too many brackets open at once.
func shallowJSON(body []byte) error {
	open, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if open++; open > maxBrackets {
				return errDeep
			}
		case c == ']' || c == '}':
			open--
		}
	}
	return nil
}

// flatten puts a short text in place of values that are nested too deep: a ring
// may hold such as were taken in before they were refused.
func flatten(b ring.Batch) error {
	if err := deep(b.Kind, b.Body, func(value []byte) error { replace(value); return nil }); err != nil {
		return unreadable(err)
	}
	return nil
}

const deepText = "nested too deep"

// replace makes a text of a value, in its own bytes. What is left of them is a
// field that nobody knows, or dots.
func replace(value []byte) {
	if len(value) < 2 {
		return
	}
	text := value[2:]
	if len(text) > 127 { // more than one byte can say
		text = text[:len(deepText)]
		rest := value[2+len(deepText):]
		rest[0] = 15<<3 | wireBytes
		for i, n := 1, len(rest)-6; i <= 5; i, n = i+1, n>>7 { // five bytes say its size
			rest[i] = byte(n) | 0x80
		}
		rest[5] &= 0x7f
	}
	value[0], value[1] = 1<<3|wireBytes, byte(len(text))
	for i := copy(text, deepText); i < len(text); i++ {
		text[i] = '.'
	}
}
