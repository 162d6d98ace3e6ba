{{/* Name of the ChessCluster. Its children are called <name>-blue and <name>-green. */}}
{{- define "chess-cluster.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* No app.kubernetes.io/instance: Argo CD's label tracking writes that one itself. */}}
{{- define "chess-cluster.labels" -}}
app.kubernetes.io/name: chess-cluster
app.kubernetes.io/part-of: chesscluster
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What every pod of this chart needs under restricted pod security. */}}
{{- define "chess-cluster.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "chess-cluster.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The image, its pull policy and pull secrets are those of the game server. */}}
{{- define "chess-cluster.image" -}}
image: {{ .Values.spec.server.image | quote }}
imagePullPolicy: {{ .Values.spec.server.imagePullPolicy | default "IfNotPresent" }}
{{- end -}}

{{- define "chess-cluster.pullSecrets" -}}
{{- with ((.Values.spec.server.podTemplate | default dict).spec | default dict).imagePullSecrets }}
imagePullSecrets:
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Marks of what runs before `helm uninstall`. Called with its weight: the account and its rights come before the Job. */}}
{{- define "chess-cluster.removalHook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* redis and database as the ChessCluster takes them. Called with a store of `secrets`. */}}
{{- define "chess-cluster.endpoint" -}}
urlSecretRef:
  name: {{ .name }}
  key: {{ .key }}
{{- with .caKey }}
caSecretRef:
  name: {{ $.name }}
  key: {{ . }}
{{- end }}
{{- end -}}
