package app

import (
	"context"
	"fmt"

	"triagent/api"
	"triagent/store"
	"triagent/web"
)

// checks is the part of the self-diagnosis that only the whole service can make.
// The texts are for people and say what to do.
func (s *Service) checks(ctx context.Context) []api.Check {
	return []api.Check{s.checkDisk(), s.checkPage(), s.checkURL(ctx), s.checkMail(), s.checkChannels(ctx), s.checkSources()}
}

func (s *Service) checkDisk() api.Check {
	c := api.Check{Name: "disk", State: "ok", Text: "how much room is left is not known on this system"}
	free, ok := s.store.Free()
	if !ok {
		return c
	}
	c.Text = fmt.Sprintf("%.1f GB are free where the state is kept", float64(free)/1e9)
	switch {
	case free < store.Reserve:
		c.State, c.Remedy = "fail", "make room, or move the data folder to a larger disk: bundles cannot be taken in"
	case free < 2<<30:
		c.State, c.Remedy = "warn", "make room soon"
	}
	return c
}

func (s *Service) checkPage() api.Check {
	if web.Built() {
		return api.Check{Name: "page", State: "ok", Text: "the page is part of the program"}
	}
	return api.Check{Name: "page", State: "warn", Text: "the program was built without its page", Remedy: "build it with make"}
}

func (s *Service) checkURL(ctx context.Context) api.Check {
	if u := s.live.publicURL(ctx); u != s.URL() || s.set.PublicURL != "" {
		return api.Check{Name: "links", State: "ok", Text: "messages link to " + u}
	}
	return api.Check{
		Name: "links", State: "warn", Text: "messages link to " + s.URL() + ", which people may not reach",
		Remedy: "set the public URL in the settings",
	}
}

func (s *Service) checkMail() api.Check {
	if s.set.SMTP.Host != "" {
		return api.Check{Name: "mail", State: "ok", Text: "e-mail leaves by " + s.set.SMTP.Host}
	}
	return api.Check{
		Name: "mail", State: "warn", Text: "no mail server is set up: owners of accounts cannot be warned of log-ins",
		Remedy: "set smtp in the file of settings",
	}
}

// checkChannels looks for channels whose messages were given up.
func (s *Service) checkChannels(ctx context.Context) api.Check {
	list, _, err := s.store.Deliveries(ctx, store.DeliveryFilter{State: "failed", Limit: 20})
	switch {
	case err != nil:
		return api.Check{Name: "messages", State: "fail", Text: "what was sent cannot be read", Remedy: "see the log"}
	case len(list) > 0:
		return api.Check{
			Name: "messages", State: "warn", Text: fmt.Sprintf("%d of the last messages could not be delivered: %s", len(list), list[0].Error),
			Remedy: "look at Notifications, mend the channel and send them again",
		}
	}
	return api.Check{Name: "messages", State: "ok", Text: "no message was given up"}
}
