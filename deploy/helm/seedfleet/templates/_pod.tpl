{{- define "seedfleet.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $image.repository $image.digest }}
{{- else -}}
{{ printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) }}
{{- end -}}
{{- end -}}

{{/*
What every pod has: (dict "root" . "service" "tracker" "values" .Values.tracker).
A pod asks Kubernetes nothing, so it has no token for it.
*/}}
{{- define "seedfleet.podSpec" -}}
serviceAccountName: {{ include "seedfleet.name" .root }}-{{ .service }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add (.values.preStopSeconds | default 0) .values.shutdownDeadlineSeconds 5 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* One of a service is on another node, and in another zone, than the rest, where that can be. */}}
{{- define "seedfleet.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "seedfleet.selector" (list $.root $.service) | nindent 8 }}
  {{- end }}
{{- end -}}

{{/* What every container has but for its ports, own settings and mounts. */}}
{{- define "seedfleet.container" -}}
name: {{ .service }}
image: {{ include "seedfleet.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: [{{ .service | quote }}]
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
resources: {{- toYaml .values.resources | nindent 2 }}
startupProbe:
  httpGet: { path: /healthz, port: admin }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: admin }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: admin }
  periodSeconds: 5
  timeoutSeconds: 3
{{- if .values.preStopSeconds }}
lifecycle:
  preStop:
    sleep: { seconds: {{ .values.preStopSeconds }} }
{{- end }}
{{- end -}}

{{- define "seedfleet.adminPort" -}}
- name: admin
  containerPort: {{ .root.Values.adminPort }}
{{- end -}}

{{/* The settings that all services share, then those of the values. */}}
{{- define "seedfleet.env" -}}
{{- if ne .service "gateway" }}
- name: SEEDFLEET_ID
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: SEEDFLEET_ADMIN_HOST
  value: "0.0.0.0"
{{- end }}
- name: SEEDFLEET_ADMIN_PORT
  value: {{ .root.Values.adminPort | quote }}
- name: SEEDFLEET_LOG_LEVEL
  value: {{ .root.Values.logLevel }}
{{- with .root.Values.otlpUrl }}
- name: SEEDFLEET_OTLP_URL
  value: {{ . | quote }}
{{- end }}
- name: SEEDFLEET_SHUTDOWN_DEADLINE
  value: {{ .values.shutdownDeadlineSeconds }}s
- name: SEEDFLEET_NATS_URL
  value: {{ .root.Values.nats.url | quote }}
{{- with .root.Values.nats.credentialsSecret }}
- name: SEEDFLEET_NATS_USER
  value: {{ $.service }}
- name: SEEDFLEET_NATS_INBOX
  value: _INBOX_{{ $.service }}
- name: SEEDFLEET_NATS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ . }}, key: {{ $.service }} } }
{{- end }}
{{- with .root.Values.nats.tls }}
{{- if .enabled }}
- name: SEEDFLEET_NATS_TLS
  value: "true"
{{- if .caSecret }}
- name: SEEDFLEET_NATS_TLS_CA_FILE
  value: /etc/seedfleet/nats-ca/ca.crt
{{- end }}
{{- if .clientSecret }}
- name: SEEDFLEET_NATS_TLS_CERT_FILE
  value: /etc/seedfleet/nats-client/tls.crt
- name: SEEDFLEET_NATS_TLS_KEY_FILE
  value: /etc/seedfleet/nats-client/tls.key
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $value := .values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "seedfleet.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- with .root.Values.nats.tls }}
{{- if and .enabled .caSecret }}
- { name: nats-ca, mountPath: /etc/seedfleet/nats-ca, readOnly: true }
{{- end }}
{{- if and .enabled .clientSecret }}
- { name: nats-client, mountPath: /etc/seedfleet/nats-client, readOnly: true }
{{- end }}
{{- end }}
{{- end -}}

{{- define "seedfleet.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- with .root.Values.nats.tls }}
{{- if and .enabled .caSecret }}
- name: nats-ca
  secret: { secretName: {{ .caSecret }} }
{{- end }}
{{- if and .enabled .clientSecret }}
- name: nats-client
  secret: { secretName: {{ .clientSecret }}, defaultMode: 0440 }
{{- end }}
{{- end }}
{{- end -}}
