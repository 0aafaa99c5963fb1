package outbox

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"triagent/api/wire"
)

// channelWire is a channel as the API shows it.
type channelWire struct {
	ID      string         `json:"id"`
	Version int64          `json:"version" doc:"Grows with every change; the ETag"`
	Name    string         `json:"name"`
	Kind    string         `json:"kind" enum:"slack,webhook,email,teams,mattermost,dingtalk,wecom,feishu,loki"`
	Enabled bool           `json:"enabled"`
	Config  map[string]any `json:"config" doc:"By kind; secrets read ***"`
	Created wire.Time      `json:"created"`
}

// channelBody is a channel as a caller describes it.
type channelBody struct {
	_       struct{}       `additionalProperties:"true"` // what a GET gave may be sent back whole
	Name    string         `json:"name" minLength:"1" maxLength:"100"`
	Kind    string         `json:"kind" enum:"slack,webhook,email,teams,mattermost,dingtalk,wecom,feishu,loki"`
	Enabled *bool          `json:"enabled,omitempty" doc:"true where it is left out"`
	Config  map[string]any `json:"config" doc:"slack: token, channel or webhook_url. webhook: url, secret, headers. email: to. teams, mattermost, wecom: url. dingtalk, feishu: url, secret. loki: url, tenant, labels. All: lang. *** keeps a secret"`
}

// deliveryWire is a delivery as the API shows it.
type deliveryWire struct {
	ID       int64     `json:"id"`
	Incident string    `json:"incident" doc:"Empty: about none"`
	Kind     string    `json:"kind" enum:"opened,diagnosed,updated,resolved,failed,account,test"`
	Channel  string    `json:"channel" doc:"ID; account: mail to the owner of an account"`
	State    string    `json:"state" enum:"pending,sent,failed,muted"`
	Tries    int       `json:"tries"`
	NextTry  wire.Time `json:"next_try" doc:"null: at once, or no more"`
	Error    string    `json:"error" doc:"Of the last try, or why it waits"`
	Updated  wire.Time `json:"updated"`
	At       wire.Time `json:"at" doc:"When what it tells happened"`
}

// ChannelID is the part of a request that names a channel. It is exported as
// huma looks into exported parts only.
type ChannelID struct {
	ID string `path:"id" maxLength:"100"`
}

type (
	none          struct{}
	channelCreate struct{ Body channelBody }
	channelUpdate struct {
		ChannelID
		Versioned
		Body channelBody
	}
	channelDelete struct {
		ChannelID
		Versioned
	}
	channelOut struct {
		ETag     string `header:"ETag"`
		Location string `header:"Location"`
		Body     channelWire
	}
	channelsOut struct {
		Body struct {
			Items []channelWire `json:"items" nullable:"false"`
			Next  *string       `json:"next" doc:"Always null: the list is whole"`
		}
	}
	testOut    struct{ Body Result }
	routingOut struct {
		ETag string `header:"ETag"`
		Body Routing
	}
	routingIn struct {
		Versioned
		Body Routing
	}
	deliveriesIn struct {
		Incident string `query:"incident" maxLength:"40"`
		Channel  string `query:"channel" maxLength:"100"`
		State    string `query:"state" enum:"pending,sent,failed,muted"`
		Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
		Cursor   string `query:"cursor" maxLength:"500"`
	}
	deliveriesOut struct {
		Body struct {
			Items []deliveryWire `json:"items" nullable:"false"`
			Next  *string        `json:"next" doc:"Cursor of the next page; null: this is the last"`
		}
	}
	deliveryIn struct {
		ID int64 `path:"id" minimum:"1"`
	}
)

// Versioned is the part of a request that says which version it changes.
type Versioned struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"ETag of what is changed; * for whatever is there"`
}

// version reads the version that may be changed; 0: any.
func (m Versioned) version() (v int64, any bool, err error) {
	switch s := strings.TrimSpace(m.IfMatch); s {
	case "":
		return 0, false, huma.NewError(http.StatusPreconditionRequired, "Say with If-Match which version is to be changed: it is the ETag of the last answer.")
	case "*":
		return 0, true, nil
	default:
		n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(s, "W/"), `"`), 10, 64)
		if err != nil || n < 0 {
			return 0, false, huma.NewError(http.StatusPreconditionFailed, "If-Match is no ETag of this service. Load it again and repeat the change.")
		}
		return n, false, nil
	}
}

func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

// whole is r without null lists.
func (r Routing) whole() Routing {
	out := Routing{Routes: wire.Each(r.Routes, func(x Route) Route { x.Channels = wire.List(x.Channels); return x })}
	out.Quiet = wire.Each(r.Quiet, func(x Quiet) Quiet { x.Days = wire.List(x.Days); return x })
	return out
}
