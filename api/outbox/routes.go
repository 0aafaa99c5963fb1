package outbox

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/wire"
	"triagent/internal/errs"
	"triagent/store"
)

// Routes registers /channels, /settings/routing and /deliveries.
func (o *Outbox) Routes(a huma.API) {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	edits := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	op := func(method, path, id, summary string, role store.Role, scope string, status int, more ...int) huma.Operation {
		return huma.Operation{
			Method: method, Path: path, OperationID: id, Summary: summary, Tags: []string{"notifications"}, DefaultStatus: status, Errors: more,
			Metadata:     map[string]any{"role": role, "scope": scope},
			MaxBodyBytes: 256 << 10, BodyReadTimeout: 20 * time.Second, RejectUnknownQueryParameters: true,
		}
	}
	huma.Register(a, op(get, "/channels", "list-channels", "List the ways out", store.Operator, "read", http.StatusOK), o.listChannels)
	huma.Register(a, op(post, "/channels", "create-channel", "Add a way out", store.Admin, "admin", http.StatusCreated), o.createChannel)
	huma.Register(a, op(get, "/channels/{id}", "get-channel", "Get a way out", store.Operator, "read", http.StatusOK), o.getChannel)
	huma.Register(a, op(put, "/channels/{id}", "replace-channel", "Change a way out", store.Admin, "admin", http.StatusOK, edits...), o.replaceChannel)
	huma.Register(a, op(del, "/channels/{id}", "delete-channel", "Remove a way out; what waits for it is muted", store.Admin, "admin", http.StatusNoContent, edits...), o.deleteChannel)
	huma.Register(a, op(post, "/channels/{id}/test", "test-channel", "Send a test message now", store.Operator, "write", http.StatusOK), o.testChannel)
	huma.Register(a, op(get, "/settings/routing", "get-routing", "Get who is told what, and when not", store.Operator, "read", http.StatusOK), o.getRouting)
	huma.Register(a, op(put, "/settings/routing", "put-routing", "Change who is told what, and when not", store.Admin, "admin", http.StatusOK, edits...), o.putRouting)
	huma.Register(a, op(get, "/deliveries", "list-deliveries", "List messages and what came of them, last first", store.Operator, "read", http.StatusOK, http.StatusNotFound), o.listDeliveries)
	huma.Register(a, op(post, "/deliveries/{id}/retry", "retry-delivery", "Try a message again", store.Operator, "write", http.StatusNoContent), o.retryDelivery)
}

func wireChannel(c store.Channel) (channelWire, error) {
	raw, err := shown(c.Config)
	if err != nil {
		return channelWire{}, err
	}
	w := channelWire{ID: c.ID, Version: c.Version, Name: c.Name, Kind: c.Kind, Enabled: c.Enabled, Created: wire.Time(c.Created)}
	return w, json.Unmarshal(raw, &w.Config)
}

func channelAnswer(c store.Channel, err error) (*channelOut, error) {
	if err != nil {
		return nil, err
	}
	w, err := wireChannel(c)
	return &channelOut{ETag: etag(c.Version), Body: w}, err
}

func (o *Outbox) listChannels(ctx context.Context, _ *none) (*channelsOut, error) {
	channels, err := o.ledger.Channels(ctx)
	if err != nil {
		return nil, err
	}
	out := &channelsOut{}
	out.Body.Items = make([]channelWire, len(channels))
	for i, c := range channels {
		if out.Body.Items[i], err = wireChannel(c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (o *Outbox) getChannel(ctx context.Context, in *ChannelID) (*channelOut, error) {
	return channelAnswer(o.ledger.Channel(ctx, in.ID))
}

func (o *Outbox) createChannel(ctx context.Context, in *channelCreate) (*channelOut, error) {
	id := newID() // known before it is stored: secrets are sealed for it
	ch, err := o.described(id, in.Body, config{})
	if err != nil {
		return nil, err
	}
	out, err := channelAnswer(o.ledger.CreateChannel(ctx, o.c.Actor(ctx), ch))
	if err == nil {
		out.Location = "/api/v1/channels/" + out.Body.ID
	}
	return out, err
}

func (o *Outbox) replaceChannel(ctx context.Context, in *channelUpdate) (*channelOut, error) {
	version, whatever, err := in.version()
	if err != nil {
		return nil, err
	}
	old, err := o.ledger.Channel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !whatever && version != old.Version {
		return nil, store.ErrStale
	}
	var before config
	if old.Kind == in.Body.Kind {
		// Secrets that cannot be opened any more must not keep anybody from entering new ones.
		if before, err = o.opened(old); err != nil {
			before = config{}
		}
	}
	ch, err := o.described(old.ID, in.Body, before)
	if err != nil {
		return nil, err
	}
	ch.Version = old.Version
	return channelAnswer(o.ledger.UpdateChannel(ctx, o.c.Actor(ctx), ch))
}

// described makes the stored channel of what a caller describes.
func (o *Outbox) described(id string, b channelBody, before config) (store.Channel, error) {
	if err := checkName(b.Name); err != nil {
		return store.Channel{}, err
	}
	raw, err := json.Marshal(b.Config)
	if err != nil {
		return store.Channel{}, errs.New(errs.Invalid, "config: it cannot be read")
	}
	c, err := parseConfig(b.Kind, raw)
	if err != nil {
		return store.Channel{}, err
	}
	if err := kept(&c, before); err != nil {
		return store.Channel{}, err
	}
	if _, err := o.sender(b.Kind, c); err != nil { // says what is wrong with it
		return store.Channel{}, err
	}
	value, err := o.sealed(id, c)
	if err != nil {
		return store.Channel{}, err
	}
	return store.Channel{ID: id, Name: b.Name, Kind: b.Kind, Enabled: b.Enabled == nil || *b.Enabled, Config: value}, nil
}

func (o *Outbox) deleteChannel(ctx context.Context, in *channelDelete) (*none, error) {
	version, whatever, err := in.version()
	if err != nil {
		return nil, err
	}
	if whatever {
		ch, err := o.ledger.Channel(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		version = ch.Version
	}
	return nil, o.ledger.DeleteChannel(ctx, o.c.Actor(ctx), in.ID, version)
}

func (o *Outbox) testChannel(ctx context.Context, in *ChannelID) (*testOut, error) {
	r, err := o.Test(ctx, in.ID)
	return &testOut{r}, err
}

func (o *Outbox) getRouting(ctx context.Context, _ *none) (*routingOut, error) {
	r, version, err := o.rules(ctx)
	if err != nil {
		return nil, err
	}
	return &routingOut{etag(version), r.whole()}, nil
}

func (o *Outbox) putRouting(ctx context.Context, in *routingIn) (*routingOut, error) {
	version, whatever, err := in.version()
	if err != nil {
		return nil, err
	}
	if whatever {
		if _, version, err = o.rules(ctx); version == 0 && err != nil {
			return nil, err
		}
	}
	channels, err := o.ledger.Channels(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Body.validate(channels); err != nil {
		return nil, err
	}
	value, err := json.Marshal(in.Body.whole())
	if err != nil {
		return nil, errs.New(errs.Internal, "encode the rules: %v", err)
	}
	s, err := o.ledger.PutSetting(ctx, o.c.Actor(ctx), store.Setting{Name: routingSetting, Version: version, Value: value})
	if err != nil {
		return nil, err
	}
	return &routingOut{etag(s.Version), in.Body.whole()}, nil
}

func (o *Outbox) listDeliveries(ctx context.Context, in *deliveriesIn) (*deliveriesOut, error) {
	f := store.DeliveryFilter{Incident: in.Incident, Channel: in.Channel, State: in.State, After: in.Cursor, Limit: in.Limit}
	items, next, err := o.ledger.Deliveries(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &deliveriesOut{}
	out.Body.Next = wire.OrNull(next)
	out.Body.Items = wire.Each(items, func(d store.Delivery) deliveryWire {
		w := deliveryWire{
			ID: d.ID, Incident: d.Notice.Incident, Kind: d.Notice.Kind, Channel: d.Channel, State: d.State, Tries: d.Tries,
			Error: d.Error, Updated: wire.Time(d.Updated), At: wire.Time(d.Notice.At),
		}
		if d.State == "pending" {
			w.NextTry = wire.Time(d.NextTry)
		}
		return w
	})
	return out, nil
}

func (o *Outbox) retryDelivery(ctx context.Context, in *deliveryIn) (*none, error) {
	if err := o.ledger.RetryDelivery(ctx, o.c.Actor(ctx), in.ID); err != nil {
		return nil, err
	}
	o.Wake()
	return nil, nil
}
