package meta

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// ratisSystems are the systems whose logs tell who leads in the words of Apache
// Ratis. The logs of others are not read for it: that is a pass over all of them.
var ratisSystems = []string{"iotdb", "ozone"}

// Bounds of what is read for who leads: records, votes that are kept, groups that
// they are about, and bytes of the name of a peer (those of Ratis are numbers or
// UUIDs).
const (
	mostElections = 4_000_000
	mostVotes     = 200_000
	mostSeated    = 4096
	mostPeerName  = 64
)

// vote is what one line of a log says of who leads a group.
type vote struct {
	at     int64 // Unix nanoseconds
	writer incident.NodeID
	peer   string // the writer, as members of groups name it
	group  string
	leader string        // the peer that leads, if the line tells it
	role   incident.Role // of the writer, if the line tells it
}

// elected reads from its logs who led and followed in a system whose topology
// does not say so. cut says that there were more records, votes or groups than are
// read.
func elected(ctx context.Context, b *telemetry.Bundle) (roles []incident.RoleSpan, cut bool, err error) {
	if len(b.Topology.Roles) > 0 || !slices.Contains(ratisSystems, b.Incident.System) {
		return nil, false, nil
	}
	var votes []vote
	groups := map[string]bool{}
	n := 0
	err = b.Logs(ctx, nil, func(r *telemetry.Record) error {
		if n++; n > mostElections || len(votes) == mostVotes {
			return errEnough
		}
		v, ok := ratisVote(r.Body)
		if !ok || r.Time == 0 {
			return nil
		}
		if !groups[v.group] && len(groups) == mostSeated {
			cut = true
			return nil
		}
		groups[v.group] = true
		v.at, v.writer = r.Time, r.Node
		votes = append(votes, v)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, false, err
	}
	return count(votes, b.Incident.System == "iotdb"), cut || err != nil, nil
}

// ratisVote reads a message of Ratis, as
//
//	3@group-000200000002: changes role from CANDIDATE to LEADER at term 3 for changeToLeader
//	4@group-000200000002: change Leader from null to 3 at term 3 for appendEntries, leader elected after 204ms
//
// One that only holds such words is not of Ratis: what clients send is quoted
// within messages, and would make leaders of whom they like.
func ratisVote(body []byte) (vote, bool) {
	peer, rest, _ := bytes.Cut(body[:min(len(body), mostPeerName+len(groupMark)+groupDigits+1)], []byte(groupMark))
	if !isPeer(peer) || len(rest) <= groupDigits || rest[groupDigits] != ':' || !isHex(rest[:groupDigits]) {
		return vote{}, false
	}
	said, ok := bytes.CutPrefix(body[len(peer)+len(groupMark)+groupDigits:], []byte(": change"))
	if !ok {
		return vote{}, false
	}
	v := vote{peer: string(peer), group: groupMark[1:] + string(rest[:groupDigits])}
	what, rest, _ := bytes.Cut(said, []byte(" from "))
	_, to, ok := bytes.Cut(rest, []byte(" to "))
	word, _, _ := bytes.Cut(bytes.TrimSpace(to), []byte(" "))
	switch {
	case !ok:
	case string(what) == " Leader" && isPeer(word) && string(word) != "null":
		v.leader = string(word)
		return v, true
	case string(what) == "s role" && string(word) == "LEADER":
		v.role = incident.Leader
		return v, true
	case string(what) == "s role" && string(word) == "FOLLOWER":
		v.role = incident.Follower
		return v, true
	}
	return vote{}, false
}

// A group is named after the last part of its UUID.
const (
	groupMark   = "@group-"
	groupDigits = 12
)

// isPeer reports whether text may name a peer.
func isPeer(text []byte) bool {
	return len(text) > 0 && len(text) <= mostPeerName && !bytes.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	})
}

func isHex(text []byte) bool {
	return !bytes.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'f') && (r < 'A' || r > 'F') && (r < '0' || r > '9')
	})
}

// count makes of votes who was what from when on. config says that the group of
// number zero is that of the configuration nodes, as in IoTDB.
func count(votes []vote, config bool) []incident.RoleSpan {
	slices.SortStableFunc(votes, func(a, b vote) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.writer, b.writer)) })
	node := map[string]incident.NodeID{}
	for _, v := range votes {
		if old, seen := node[v.peer]; seen && old != v.writer {
			node[v.peer] = "" // two nodes go by it: it names nobody
			continue
		}
		node[v.peer] = v.writer
	}
	type seat struct {
		node  incident.NodeID
		group string
	}
	var out []incident.RoleSpan
	now, leads := map[seat]incident.Role{}, map[string]incident.NodeID{}
	become := func(at int64, who incident.NodeID, group string, role incident.Role) {
		if s := (seat{who, group}); who != "" && now[s] != role {
			now[s] = role
			out = append(out, incident.RoleSpan{Node: who, Role: ofGroup(role, group, config), Group: group, From: time.Unix(0, at).UTC()})
		}
	}
	for _, v := range votes {
		leader := node[v.leader]
		if v.role == incident.Leader {
			leader = v.writer
		}
		switch {
		case leader != "":
			if old := leads[v.group]; old != leader {
				become(v.at, old, v.group, incident.Follower)
				leads[v.group] = leader
				become(v.at, leader, v.group, incident.Leader)
			}
			if leader != v.writer {
				become(v.at, v.writer, v.group, incident.Follower)
			}
		case v.role == incident.Follower:
			if leads[v.group] == v.writer {
				delete(leads, v.group)
			}
			become(v.at, v.writer, v.group, incident.Follower)
		}
	}
	return out
}

// groupsOf are the groups that roles were held in, with who held one.
func groupsOf(roles []incident.RoleSpan) []incident.Group {
	var out []incident.Group
	at := map[string]int{}
	for _, s := range roles {
		i, ok := at[s.Group]
		if !ok {
			i = len(out)
			at[s.Group] = i
			out = append(out, incident.Group{ID: s.Group, Consensus: "ratis"})
		}
		if !slices.Contains(out[i].Members, s.Node) {
			out[i].Members = append(out[i].Members, s.Node)
		}
	}
	for i := range out {
		slices.Sort(out[i].Members)
	}
	slices.SortFunc(out, func(a, b incident.Group) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// ofGroup names the role in a group: configuration nodes have names of their own.
func ofGroup(r incident.Role, group string, config bool) incident.Role {
	if !config || !strings.HasPrefix(group, "group-0000") {
		return r
	}
	if r == incident.Leader {
		return incident.ConfigLeader
	}
	return incident.ConfigFollower
}
