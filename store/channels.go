package store

import "context"

const (
	channelColumns = `id, version, name, kind, enabled, config, created`
	listChannels   = `SELECT ` + channelColumns + ` FROM channels ORDER BY created, id`
	readChannel    = `SELECT ` + channelColumns + ` FROM channels WHERE id = $1`
	insertChannel  = `INSERT INTO channels (id, version, name, kind, enabled, config, created) VALUES ($1, 1, $2, $3, $4, $5, $6)`
	updateChannel  = `UPDATE channels SET version = version + 1, name = $1, kind = $2, enabled = $3, config = $4 WHERE id = $5 AND version = $6`
	deleteChannel  = `DELETE FROM channels WHERE id = $1 AND version = $2`
)

func scanChannel(row scanner) (c Channel, err error) {
	var enabled, created int64
	err = row.Scan(&c.ID, &c.Version, &c.Name, &c.Kind, &enabled, &c.Config, &created)
	c.Enabled, c.Created = enabled == 1, moment(created)
	return c, err
}

// Channels returns all channels, oldest first.
func (s *Store) Channels(ctx context.Context) ([]Channel, error) {
	out, err := all(scanChannel)(s.rows(ctx, listChannels))
	return out, kinded("list channels", err)
}

// Channel returns a channel. NotFound if there is none.
func (s *Store) Channel(ctx context.Context, id string) (Channel, error) {
	c, err := scanChannel(s.row(ctx, readChannel, id))
	if isNone(err) {
		return c, missing("channel", id)
	}
	return c, kinded("read a channel", err)
}

// CreateChannel adds a channel; ID (unless given), Version and Created are made
// here. A name that is taken gives kind errs.Invalid.
func (s *Store) CreateChannel(ctx context.Context, by Actor, c Channel) (Channel, error) {
	if c.ID == "" {
		c.ID = newID()
	}
	err := s.update(ctx, "add a channel", func(ctx context.Context, t *txn) error {
		c.Version, c.Created = 1, t.at
		_, err := t.exec(ctx, insertChannel, c.ID, c.Name, c.Kind, flag(c.Enabled), c.Config, nanos(c.Created))
		t.audit(by, "channel.create", c.ID, map[string]string{"name": c.Name, "kind": c.Kind})
		return taken(err, "channel", c.Name)
	})
	return c, err
}

// UpdateChannel replaces a channel. Its Version must be that of the stored one:
// ErrStale otherwise.
func (s *Store) UpdateChannel(ctx context.Context, by Actor, c Channel) (Channel, error) {
	out := c
	err := s.update(ctx, "change a channel", func(ctx context.Context, t *txn) error {
		n, err := t.exec(ctx, updateChannel, c.Name, c.Kind, flag(c.Enabled), c.Config, c.ID, c.Version)
		if err != nil {
			return taken(err, "channel", c.Name)
		}
		out, err = scanChannel(t.row(ctx, readChannel, c.ID))
		if err := unchanged(n, err, "channel", c.ID); err != nil {
			return err
		}
		t.audit(by, "channel.update", c.ID, map[string]string{"name": c.Name, "kind": c.Kind})
		return nil
	})
	return out, err
}

// DeleteChannel removes a channel of this version; what waits for it is muted.
func (s *Store) DeleteChannel(ctx context.Context, by Actor, id string, version int64) error {
	return s.update(ctx, "delete a channel", func(ctx context.Context, t *txn) error {
		c, err := scanChannel(t.row(ctx, readChannel, id))
		if err != nil {
			return unchanged(0, err, "channel", id)
		}
		n, err := t.exec(ctx, deleteChannel, id, version)
		if err := unchanged(n, err, "channel", id); err != nil {
			return err
		}
		if _, err := t.exec(ctx, muteChannel, nanos(t.at), id); err != nil {
			return err
		}
		t.changed("delivery", "")
		t.audit(by, "channel.delete", id, map[string]string{"name": c.Name})
		return nil
	})
}
