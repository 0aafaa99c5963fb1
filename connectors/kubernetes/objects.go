package kubernetes

import (
	"strings"
	"time"
	"unicode"
)

// What is read of the API's objects. A zero time is not said.

type meta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               string            `json:"uid"`
	GenerateName      string            `json:"generateName"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
	CreationTimestamp time.Time         `json:"creationTimestamp"`
	DeletionTimestamp *time.Time        `json:"deletionTimestamp"`
	OwnerReferences   []struct {
		Kind       string `json:"kind"`
		Name       string `json:"name"`
		Controller bool   `json:"controller"`
	} `json:"ownerReferences"`
}

type pod struct {
	object
	Spec struct {
		NodeName    string `json:"nodeName"`
		Hostname    string `json:"hostname"`
		Subdomain   string `json:"subdomain"`
		HostNetwork bool   `json:"hostNetwork"`
		Containers  []struct {
			Ports []struct {
				ContainerPort int `json:"containerPort"`
				HostPort      int `json:"hostPort"`
			} `json:"ports"`
		} `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase      string      `json:"phase"`
		Reason     string      `json:"reason"`
		Message    string      `json:"message"`
		PodIP      string      `json:"podIP"`
		HostIP     string      `json:"hostIP"`
		PodIPs     []ip        `json:"podIPs"`
		StartTime  time.Time   `json:"startTime"`
		Conditions []condition `json:"conditions"`
		Containers []container `json:"containerStatuses"`
		Init       []container `json:"initContainerStatuses"`
	} `json:"status"`
}

type ip struct {
	IP string `json:"ip"`
}

type condition struct {
	Type               string    `json:"type"`
	Status             string    `json:"status"` // "True", "False", "Unknown"
	Reason             string    `json:"reason"`
	Message            string    `json:"message"`
	LastTransitionTime time.Time `json:"lastTransitionTime"`
}

type container struct {
	Name         string `json:"name"`
	RestartCount int64  `json:"restartCount"`
	State        state  `json:"state"`
	LastState    state  `json:"lastState"`
}

// state has at most one of these.
type state struct {
	Waiting *struct {
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"waiting"`
	Running *struct {
		StartedAt time.Time `json:"startedAt"`
	} `json:"running"`
	Terminated *terminated `json:"terminated"`
}

type terminated struct {
	ExitCode   int       `json:"exitCode"`
	Signal     int       `json:"signal"`
	Reason     string    `json:"reason"` // "OOMKilled", "Error", "Completed" ...
	Message    string    `json:"message"`
	FinishedAt time.Time `json:"finishedAt"`
}

type machine struct {
	object
	Spec struct {
		Unschedulable bool `json:"unschedulable"`
	} `json:"spec"`
	Status struct {
		Conditions []condition `json:"conditions"`
	} `json:"status"`
}

type event struct {
	object
	Type    string `json:"type"` // "Normal" or "Warning"
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Object  struct {
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"involvedObject"`
	First  time.Time `json:"firstTimestamp"`
	Last   time.Time `json:"lastTimestamp"`
	Time   time.Time `json:"eventTime"`
	Count  int64     `json:"count"`
	Series *struct {
		Count int64     `json:"count"`
		Last  time.Time `json:"lastObservedTime"`
	} `json:"series"`
	Source struct {
		Component string `json:"component"`
		Host      string `json:"host"`
	} `json:"source"`
	Controller string `json:"reportingComponent"`
}

// span is when an event came first and last, and how often.
func (e *event) span() (first, last time.Time, count int64) {
	first, last, count = e.First, e.Last, max(e.Count, 1)
	if first.IsZero() {
		first = e.Time
	}
	if first.IsZero() {
		first = e.Metadata.CreationTimestamp
	}
	if e.Series != nil {
		last, count = e.Series.Last, max(e.Series.Count, 1)
	}
	if last.Before(first) {
		last = first
	}
	return first, last, count
}

// set is a ReplicaSet: one revision of a Deployment.
type set struct {
	object
	Spec struct {
		Template struct {
			Spec struct {
				Containers []struct {
					Image string `json:"image"`
				} `json:"containers"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

// owner is what controls an object, as "StatefulSet", "db"; empty: nothing does.
func (m *meta) owner() (kind, name string) {
	for _, o := range m.OwnerReferences {
		if o.Controller {
			return clean(o.Kind, 60), clean(o.Name, 253)
		}
	}
	return "", ""
}

// clean makes one line of what comes from outside, with at most n bytes.
func clean(s string, n int) string {
	if len(s) > 4*n {
		s = s[:4*n]
	}
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == unicode.ReplacementChar }), " ")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}
