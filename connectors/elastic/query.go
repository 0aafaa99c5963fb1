package elastic

import (
	"encoding/json"
	"time"

	"triagent/incident"
)

// object is a piece of a query.
type object = map[string]any

// window is a span in whole milliseconds, which is what all indices know.
type window struct{ from, to int64 } // Unix milliseconds, to not included

func windowOf(span incident.Window) window {
	return window{span.From.UnixMilli(), span.To.Add(time.Millisecond - 1).UnixMilli()}
}

// of is the query for documents of a window that fulfil some conditions more.
func (s *Source) of(w window, more ...any) object {
	filter := []any{object{"range": object{s.c.Fields.Time: object{"gte": w.from, "lt": w.to, "format": "epoch_millis"}}}}
	if s.c.Query != "" {
		filter = append(filter, object{"query_string": object{"query": s.c.Query}})
	}
	return object{"bool": object{"filter": append(filter, more...)}}
}

// none is the condition that a document has none of some fields.
func none(fields []string) []any {
	if len(fields) == 0 {
		return nil
	}
	var exist []any
	for _, f := range fields {
		exist = append(exist, object{"exists": object{"field": f}})
	}
	return []any{object{"bool": object{"must_not": exist}}}
}

// bulky are fields that say nothing that is wanted of a document and are left
// out of answers, unless one of them is asked for.
var bulky = []string{"event.original", "ecs", "input", "@version", "agent.id", "agent.ephemeral_id", "agent.type", "agent.version", "data_stream"}

// page is the search for a page of documents.
func (s *Source) page(c *schema, e engine, query object, after *[2]int64, size int64) object {
	order := object{"order": "asc"}
	if !c.millis && !c.nanos {
		order["numeric_type"] = "date_nanos" // so that times of all indices are of one unit
	}
	body := object{
		"query": query, "size": size, "sort": []any{object{s.c.Fields.Time: order}, object{e.tie(): object{"order": "asc"}}},
		"track_total_hits": false, "_source": object{"excludes": bulky},
	}
	if after != nil {
		body["search_after"] = *after
	}
	return body
}

// text is a search as people may repeat it.
func (s *Source) text(query object) string {
	b, err := json.Marshal(object{"query": query, "sort": []any{object{s.c.Fields.Time: "asc"}}})
	if err != nil {
		return err.Error()
	}
	return "POST /" + s.c.Index + "/_search " + string(b)
}
