package intake

import (
	"github.com/danielgtaylor/huma/v2"
)

// document says in the OpenAPI document what the bodies look like: for huma they
// are bytes.
func document(api huma.API) {
	bodies := map[string]map[string]*huma.MediaType{
		"hook-alertmanager": {"application/json": {Schema: alertmanagerSchema(), Example: map[string]any{
			"version": version4, "groupKey": `{}:{cluster="plant-7"}`, "alerts": []any{map[string]any{
				"status": "firing", "labels": map[string]any{"alertname": "HighWriteLatency", "node": "datanode-2", "severity": "critical"},
				"annotations": map[string]any{"summary": "writes take 2.1 s"}, "startsAt": "2026-11-20T10:01:10Z",
			}},
		}}},
		"hook-generic":      {"application/json": {Schema: &huma.Schema{Description: genericDoc}, Example: genericExample()}},
		"hook-generic-name": {"application/json": {Schema: &huma.Schema{Description: genericDoc}, Example: genericExample()}},
		"hook-slack": {
			"application/x-www-form-urlencoded": {Schema: &huma.Schema{Type: huma.TypeString, Description: "Form of a slash command"}},
			"application/json":                  {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "Event"}},
		},
	}
	for _, item := range api.OpenAPI().Paths {
		if item.Post == nil || item.Post.RequestBody == nil {
			continue
		}
		if content := bodies[item.Post.OperationID]; content != nil {
			item.Post.RequestBody.Content = content
		}
	}
}

const (
	version4   = "4"
	genericDoc = "One alert as an object, a list of alerts, or an object that holds such a list, read by the configured mapping"
)

func genericExample() any {
	return map[string]any{"name": "DiskFull", "node": "db-1", "severity": "critical", "status": "firing", "labels": map[string]any{"mount": "/data"}}
}

func alertmanagerSchema() *huma.Schema {
	text := func(format string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Format: format} }
	texts := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: text("")}
	most := maxAlerts
	alert := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true, Required: []string{"status", "labels"},
		Properties: map[string]*huma.Schema{
			"status": {Type: huma.TypeString, Enum: []any{"firing", "resolved"}}, "labels": texts, "annotations": texts,
			"startsAt": text("date-time"), "endsAt": text("date-time"), "generatorURL": text(""), "fingerprint": text(""),
		},
	}
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true, Required: []string{"version", "alerts"},
		Properties: map[string]*huma.Schema{
			"version": {Type: huma.TypeString, Enum: []any{version4}}, "groupKey": text(""), "truncatedAlerts": {Type: huma.TypeInteger},
			"alerts": {Type: huma.TypeArray, Items: alert, MaxItems: &most},
		},
	}
}
