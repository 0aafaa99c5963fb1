package kubernetes_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

type obj = map[string]any

// lists is an API with the paging of Kubernetes; its objects are those that the
// real one is filled with.
type lists struct {
	t      testing.TB
	of     map[string][]obj // by path
	denied string           // part of a path
	gone   atomic.Int64     // so many continuations have expired
	asked  atomic.Int64
}

func (l *lists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.asked.Add(1)
	w.Header().Set("Content-Type", "application/json")
	q := r.URL.Query()
	items, ok := l.of[r.URL.Path]
	switch {
	case !ok:
		status(w, http.StatusNotFound, "the server could not find the requested resource")
		return
	case l.denied != "" && strings.Contains(r.URL.Path, l.denied):
		status(w, http.StatusForbidden, "events is forbidden: User \"reader\" cannot list resource")
		return
	case q.Get("continue") != "" && l.gone.Add(-1) >= 0:
		status(w, http.StatusGone, "The provided continue parameter is too old")
		return
	}
	at, _ := strconv.Atoi(q.Get("continue")) // 0 where there is none
	size, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		l.t.Errorf("%s is asked for without a limit", r.URL)
		return
	}
	end := min(len(items), at+size)
	meta := obj{"resourceVersion": "7"}
	if end < len(items) {
		meta["continue"], meta["remainingItemCount"] = strconv.Itoa(end), len(items)-end
	}
	_ = json.NewEncoder(w).Encode(obj{"kind": "XList", "metadata": meta, "items": items[at:end]})
}

func status(w http.ResponseWriter, code int, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(obj{"kind": "Status", "code": code, "message": message})
}

func serve(t testing.TB, l *lists) string {
	l.t = t
	srv := httptest.NewServer(l)
	t.Cleanup(srv.Close)
	return srv.URL
}

// The hour that the objects tell of.
var hour = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func at(minutes float64) string {
	return hour.Add(time.Duration(minutes * float64(time.Minute))).Format(time.RFC3339)
}

// pod is a pod of a StatefulSet on a machine.
func pod(name, ip, machine string, status obj) obj {
	s := obj{
		"phase": "Running", "podIP": ip, "podIPs": []obj{{"ip": ip}}, "hostIP": "192.0.2.10", "startTime": at(-600),
		"conditions": []obj{{"type": "Ready", "status": "True", "lastTransitionTime": at(-599)}},
	}
	for k, v := range status {
		s[k] = v
	}
	return obj{
		"metadata": obj{"name": name, "namespace": "db", "uid": "uid-" + name, "labels": obj{"app": "iotdb"}, "generateName": "db-", "ownerReferences": []obj{
			{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "u-1", "controller": true},
		}},
		"spec": obj{"nodeName": machine, "hostname": name, "subdomain": "db-headless", "containers": []obj{
			{"name": "db", "image": "iotdb:2", "ports": []obj{{"containerPort": 6667}, {"containerPort": 10740}}},
		}},
		"status": s,
	}
}

// event is an event about an object of namespace db, or about a machine.
func event(name, kind, about, reason, message, typ string, first, last float64, count int) obj {
	involved := obj{"kind": kind, "name": about, "namespace": "db", "apiVersion": "v1"}
	ns := "db"
	if kind == "Node" {
		delete(involved, "namespace")
		ns = "default"
	}
	return obj{
		"metadata": obj{"name": name, "namespace": ns, "uid": "uid-" + name}, "involvedObject": involved, "reason": reason, "message": message, "type": typ,
		"firstTimestamp": at(first), "lastTimestamp": at(last), "count": count, "source": obj{"component": "kubelet"},
	}
}

func pods() []obj {
	return []obj{
		pod("db-0", "10.1.0.10", "m1", obj{"containerStatuses": []obj{{
			"name": "db", "restartCount": 3, "image": "iotdb:2", "imageID": "x", "ready": false,
			"state":     obj{"waiting": obj{"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}},
			"lastState": obj{"terminated": obj{"exitCode": 137, "reason": "OOMKilled", "startedAt": at(1), "finishedAt": at(12)}},
		}}, "conditions": []obj{{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [db]", "lastTransitionTime": at(12)}}}),
		pod("db-1", "10.1.0.11", "m1", nil),
		pod("db-2", "10.1.0.12", "m2", obj{"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory.", "startTime": at(-600)}),
		pod("db-3", "10.1.0.13", "m2", obj{"startTime": at(20), "containerStatuses": []obj{{
			"name": "db", "restartCount": 1, "image": "iotdb:2", "imageID": "x", "ready": true, "state": obj{"running": obj{"startedAt": at(21)}},
			"lastState": obj{"terminated": obj{"exitCode": 0, "signal": 9, "reason": "Error", "startedAt": at(20), "finishedAt": at(20.5)}},
		}}}),
	}
}

func machines() []obj {
	m := func(name string, conditions ...obj) obj {
		return obj{"metadata": obj{"name": name, "uid": "uid-" + name}, "status": obj{"conditions": conditions}}
	}
	ready := obj{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ok", "lastTransitionTime": at(-900), "lastHeartbeatTime": at(30)}
	return []obj{
		m("m1", ready, obj{"type": "MemoryPressure", "status": "False", "lastTransitionTime": at(-900), "lastHeartbeatTime": at(30)}),
		m("m2", ready, obj{
			"type": "MemoryPressure", "status": "True", "reason": "KubeletHasInsufficientMemory", "message": "memory is short",
			"lastTransitionTime": at(9), "lastHeartbeatTime": at(30),
		}),
		m("m3", obj{"type": "Ready", "status": "Unknown", "lastTransitionTime": at(9), "lastHeartbeatTime": at(30)}),
	}
}

func events() []obj {
	return []obj{
		event("e1", "Pod", "db-0", "Unhealthy", "Liveness probe failed: connection refused", "Warning", 11, 13, 4),
		event("e2", "Pod", "db-0", "Killing", "Stopping container db", "Normal", 12, 12, 1),
		event("e3", "Pod", "db-0", "Pulled", "image is present", "Normal", 12.5, 12.5, 1),
		event("e4", "Node", "m2", "EvictionThresholdMet", "Attempting to reclaim memory", "Warning", 9, 9, 1),
		event("e5", "Node", "m2", "Synced", "all is well", "Normal", 9, 9, 1),
		event("e6", "StatefulSet", "db", "SuccessfulCreate", "create Pod db-3", "Normal", 20, 20, 1),
		event("e7", "Pod", "db-1", "BackOff", "Back-off restarting failed container", "Warning", -300, -200, 9),
		event("e8", "Pod", "db-9", "Evicted", "it is gone", "Warning", 14, 14, 1),
		event("e9", "Pod", "other-1", "Unhealthy", "of another system", "Warning", 14, 14, 1),
	}
}

func revisions() (sets, controlled []obj) {
	rev := func(name, kind, owner string, minute float64, labels obj) obj {
		return obj{"metadata": obj{
			"name": name, "namespace": "db", "uid": "uid-" + name, "creationTimestamp": at(minute), "labels": labels,
			"annotations":     obj{"deployment.kubernetes.io/revision": "4"},
			"ownerReferences": []obj{{"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": "u-2", "controller": true}},
		}}
	}
	s := rev("web-abc", "Deployment", "web", 5, obj{"app": "iotdb"})
	s["spec"] = obj{"template": obj{"spec": obj{"containers": []obj{{"name": "web", "image": "web:2.1"}}}}}
	return []obj{s, rev("web-old", "Deployment", "web", -700, obj{"app": "iotdb"})}, []obj{rev("db-6f7", "StatefulSet", "db", 6, obj{"app": "iotdb"})}
}

// everything is an API with all of this, at the paths of the whole cluster.
func everything() *lists {
	sets, controlled := revisions()
	return &lists{of: map[string][]obj{
		"/api/v1/pods": pods(), "/api/v1/nodes": machines(), "/api/v1/events": events(),
		"/apis/apps/v1/replicasets": sets, "/apis/apps/v1/controllerrevisions": controlled,
	}}
}

// many is an API with n events of one pod, made as they are asked for.
type many struct{ n int }

func (m many) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/api/v1/events" {
		l := everything()
		l.ServeHTTP(w, r)
		return
	}
	q := r.URL.Query()
	from, _ := strconv.Atoi(q.Get("continue")) // 0 where there is none
	size, _ := strconv.Atoi(q.Get("limit"))
	end := min(m.n, from+size)
	next := ""
	if end < m.n {
		next = strconv.Itoa(end)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"kind":"EventList","metadata":{"continue":%q},"items":[`, next)
	for i := from; i < end; i++ {
		if i > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"metadata":{"name":"e%d","namespace":"db","uid":"u%d"},"type":"Warning","reason":"Unhealthy","message":"probe %d failed",`+
			`"involvedObject":{"kind":"Pod","namespace":"db","name":"db-0"},"firstTimestamp":%q,"lastTimestamp":%q,"count":1}`, i, i, i, at(3), at(3))
	}
	b.WriteString("]}")
	_, _ = w.Write([]byte(b.String()))
}

// recordAuth notes what each request logs in with.
func recordAuth(next http.Handler, to *[]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*to = append(*to, r.Header.Get("Authorization"))
		next.ServeHTTP(w, r)
	})
}
