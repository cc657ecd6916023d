{{- define "seedfleet.name" -}}
{{- .Values.nameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The labels that select the pods of one service: (list . "gateway"). */}}
{{- define "seedfleet.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: seedfleet
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "seedfleet.labels" -}}
{{- $root := index . 0 -}}
{{ include "seedfleet.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{/* The name of a set of gateways: (list . $set). */}}
{{- define "seedfleet.gatewaySet" -}}
{{- $root := index . 0 -}}
{{- $set := index . 1 -}}
{{- printf "%s-gateway%s" (include "seedfleet.name" $root) (ternary "" (printf "-%s" $set.name) (empty $set.name)) -}}
{{- end -}}

{{/* "DaemonSet" or "StatefulSet". */}}
{{- define "seedfleet.gatewayKind" -}}
{{- $onNode := has .Values.gateway.expose (list "hostPort" "hostNetwork") -}}
{{- ternary "DaemonSet" "StatefulSet" (and $onNode .Values.gateway.daemonSet) -}}
{{- end -}}

{{/* How many gateways a set may come to have: (list . $set). */}}
{{- define "seedfleet.gatewaysMax" -}}
{{- $root := index . 0 -}}
{{- $set := index . 1 -}}
{{- ternary $root.Values.gateway.autoscaling.maxReplicas ($set.replicas | default 1) $root.Values.gateway.autoscaling.enabled | int -}}
{{- end -}}

{{/* The host and port that peers of one service's pods reach it by have to be of a table. */}}
{{- define "seedfleet.hasTable" -}}
{{- if or .Values.gateway.advertised (has .Values.gateway.expose (list "nodePort" "loadBalancer")) -}}true{{- end -}}
{{- end -}}

{{/* A value of the whole release that cannot be. */}}
{{- define "seedfleet.check" -}}
{{- $kind := include "seedfleet.gatewayKind" . -}}
{{- if and .Values.gateway.autoscaling.enabled (eq $kind "DaemonSet") -}}
{{- fail "gateway.autoscaling: a DaemonSet has a gateway on every node; set gateway.daemonSet: false" -}}
{{- end -}}
{{- if and .Values.gateway.autoscaling.enabled (eq .Values.gateway.expose "loadBalancer") -}}
{{- fail "gateway.autoscaling: a new gateway's load balancer would have an address that nobody has told it; use nodePort or hostPort" -}}
{{- end -}}
{{- $names := dict -}}
{{- $ports := dict -}}
{{- range $set := .Values.gateway.sets -}}
{{- $setName := $set.name | default "" -}}
{{- if hasKey $names $setName -}}{{- fail (printf "gateway.sets: two are called %q" $setName) -}}{{- end -}}
{{- $_ := set $names $setName true -}}
{{- if eq $.Values.gateway.expose "nodePort" -}}
{{- range $i := until (int (include "seedfleet.gatewaysMax" (list $ $set))) -}}
{{- $port := add (int ($set.firstNodePort | default 30681)) $i -}}
{{- if or (lt (int $port) 30000) (gt (int $port) 32767) -}}{{- fail (printf "gateway.sets: node port %d is not from 30000 to 32767" $port) -}}{{- end -}}
{{- if hasKey $ports (toString $port) -}}{{- fail (printf "gateway.sets: two gateways would have node port %d; give the sets other firstNodePort" $port) -}}{{- end -}}
{{- if eq (int $port) (int $.Values.tracker.nodePort) -}}{{- fail (printf "gateway.sets: node port %d is the tracker's" $port) -}}{{- end -}}
{{- $_ := set $ports (toString $port) true -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
