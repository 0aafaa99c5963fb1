package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"triagent/internal/errs"
)

// client asks the REST service of one DataNode.
type client struct{ url string }

var web = &http.Client{
	Timeout:   20 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second},
}

// table is an answer, column by column.
type table struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Names   []string `json:"column_names"`
	Values  [][]any  `json:"values"`
}

// column returns a column by its name; nil if there is none.
func (t *table) column(name string) []any {
	for i, n := range t.Names {
		if n == name && i < len(t.Values) {
			return t.Values[i]
		}
	}
	return nil
}

// query asks and reads the rows.
func (c client) query(ctx context.Context, sql string) (*table, error) {
	return c.post(ctx, "/rest/v2/query", map[string]string{"sql": sql})
}

func (c client) post(ctx context.Context, path string, body any) (*table, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth("root", "root")
	req.Header.Set("Content-Type", "application/json")
	resp, err := web.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err = io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errs.New(errs.Unavailable, "%s: status %d", c.url, resp.StatusCode)
	}
	var t table
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, fmt.Errorf("%s: %w", c.url, err)
	}
	if t.Code != 0 && t.Code != http.StatusOK {
		return nil, errs.New(errs.Unavailable, "%s: code %d: %s", c.url, t.Code, t.Message)
	}
	return &t, nil
}
