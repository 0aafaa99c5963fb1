package telemetry

import "bytes"

// attributes reads an object of scalars for the span at hand. Objects written
// alike are read once.
func (s *spanReader) attributes(c *cursor) {
	if c.null() {
		return
	}
	from := c.pos
	e := s.alike(c)
	if e == nil {
		list := s.parseAttributes(c)
		if c.err != nil {
			return
		}
		e = s.remember(c.data[from:c.pos], list)
	}
	if s.list != nil {
		s.mark.Attributes = s.numbered(e)
		return
	}
	if e.m == nil && len(e.list) > 0 {
		e.m = make(map[string]string, len(e.list))
		for _, a := range e.list {
			e.m[a.Key] = a.Value
		}
	}
	s.span.Attributes = e.m
}

// alike passes over attributes that were written so before; nil: they were not.
func (s *spanReader) alike(c *cursor) *sameAttributes {
	for i := range s.same {
		if e := &s.same[i]; e.raw != nil && bytes.HasPrefix(c.data[c.pos:], e.raw) {
			e.hits++
			c.pos += len(e.raw)
			return e
		}
	}
	return nil
}

// numbered is the number of attributes in the block at hand.
func (s *spanReader) numbered(e *sameAttributes) int32 {
	if len(e.list) == 0 {
		return 0
	}
	if e.block != s.current {
		e.block, e.number = s.current, int32(len(s.sets))
		s.sets = append(s.sets, e.list)
	}
	return e.number
}

// remember keeps attributes in the place of those that were met least.
func (s *spanReader) remember(raw []byte, list []Attribute) *sameAttributes {
	s.once.list, s.once.m, s.once.block = list, nil, 0
	if len(raw) <= 2 || len(raw) > 4*maxInternedLen {
		return &s.once
	}
	least := &s.same[0]
	for i := range s.same {
		if e := &s.same[i]; e.hits < least.hits {
			least = e
		}
	}
	if least.hits--; least.hits >= 0 {
		return &s.once
	}
	*least = sameAttributes{raw: append(least.raw[:0], raw...), list: list, hits: 1}
	return least
}

func (s *spanReader) parseAttributes(c *cursor) []Attribute {
	var list []Attribute
	if !c.open('{', "attributes") {
		return nil
	}
	for n := 0; ; n++ {
		key, ok := s.attrs.next(c, n)
		if !ok {
			return once(list)
		}
		if c.null() {
			continue
		}
		if v := c.text(); c.err == nil {
			if list == nil {
				list = make([]Attribute, 0, 4)
			}
			list = append(list, Attribute{key, s.names.text(v)})
		}
	}
}

// fewAttributes is up to how many are compared each with each.
const fewAttributes = 16

// once leaves of attributes with one key the last.
func once(list []Attribute) []Attribute {
	if len(list) > fewAttributes {
		at := make(map[string]int, len(list))
		out := list[:0]
		for _, a := range list {
			if i, ok := at[a.Key]; ok {
				out[i] = a
				continue
			}
			at[a.Key] = len(out)
			out = append(out, a)
		}
		return out
	}
	for i := 1; i < len(list); i++ {
		for k := range i {
			if list[k].Key == list[i].Key {
				list[k] = list[i]
				list = append(list[:i], list[i+1:]...)
				i--
				break
			}
		}
	}
	return list
}
