{{- define "loligo.name" -}}{{ printf "%s-loligo" .Release.Name | trunc 50 | trimSuffix "-" }}{{- end }}
{{- define "loligo.labels" -}}
app.kubernetes.io/name: loligo
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "loligo.natsUrl" -}}
{{- if .Values.nats.enabled }}nats://{{ include "loligo.name" . }}-nats:4222{{ else }}{{ .Values.nats.url }}{{ end }}
{{- end }}
{{- define "loligo.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}
{{- define "loligo.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
