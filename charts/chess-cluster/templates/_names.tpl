{{/* Name of the ChessCluster. Its children are called <name>-blue and <name>-green. */}}
{{- define "chess-cluster.name" -}}
{{- coalesce .Values.fullnameOverride .Values.nameOverride .Release.Name | replace "." "-" | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/*
Name of an object of this chart beside the ChessCluster. One that would be longer than a label may be is cut, and a hash
keeps it from another's.
  include "chess-cluster.child" (list $ "migrate")
*/}}
{{- define "chess-cluster.child" -}}
{{- $name := include "chess-cluster.name" (index . 0) -}}
{{- $suffix := index . 1 -}}
{{- $room := int (sub 62 (len $suffix)) -}}
{{- if gt (len $name) $room -}}
{{- $name = printf "%s-%s" (trunc (int (sub $room 7)) $name | trimSuffix "-") (sha256sum $name | trunc 6) -}}
{{- end -}}
{{- printf "%s-%s" $name $suffix -}}
{{- end -}}

{{/* Labels of every object. No app.kubernetes.io/instance: Argo CD's label tracking writes that one itself. */}}
{{- define "chess-cluster.labels" -}}
{{- merge (dict
      "app.kubernetes.io/name" "chess-cluster"
      "app.kubernetes.io/part-of" "chesscluster"
      "app.kubernetes.io/managed-by" .Release.Service
      "app.kubernetes.io/version" .Chart.AppVersion
      "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version)
    ) (.Values.commonLabels | default dict) | toYaml -}}
{{- end -}}

{{/*
Annotations of an object: its wave for Argo CD, unless the values say another, and theirs.
  include "chess-cluster.annotations" (list "1" .Values.annotations)
*/}}
{{- define "chess-cluster.annotations" -}}
{{- merge dict (index . 1 | default dict) (dict "argocd.argoproj.io/sync-wave" (index . 0)) | toYaml -}}
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

{{/* The server's image: what spec.server.image says, else `image`. */}}
{{- define "chess-cluster.imageName" -}}
{{- if .Values.spec.server.image -}}
{{- .Values.spec.server.image -}}
{{- else -}}
{{- $repository := required "image.repository is needed: there is no public image, build yours (docs/gitops.md, \"The image\")" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "chess-cluster.image" -}}
image: {{ include "chess-cluster.imageName" . | quote }}
imagePullPolicy: {{ .Values.spec.server.imagePullPolicy | default "IfNotPresent" | quote }}
{{- end -}}

{{/* Where pods of this chart run: where the game servers do, whose image and nodes they share. */}}
{{- define "chess-cluster.placement" -}}
{{- $pod := (.Values.spec.server.podTemplate | default dict).spec | default dict -}}
{{- range $field := list "nodeSelector" "tolerations" "imagePullSecrets" }}
{{- with index $pod $field }}
{{ $field }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Marks of what runs before `helm uninstall`. Called with its weight: the account and its rights come before the Job. */}}
{{- define "chess-cluster.removalHook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/*
Key of a store's Secret with the certificates to trust: as `secrets` says, else `ca.crt` where `externalSecrets` brings them.
  include "chess-cluster.caKey" (list $ "redis")
*/}}
{{- define "chess-cluster.caKey" -}}
{{- $values := (index . 0).Values -}}
{{- $external := index $values.externalSecrets (index . 1) -}}
{{- $brought := and $values.externalSecrets.enabled (or $external.ca $external.caRemoteKey) -}}
{{- default (ternary "ca.crt" "" (not (empty $brought))) (index $values.secrets (index . 1)).caKey -}}
{{- end -}}

{{/*
`redis` or `database` as the ChessCluster takes it.
  include "chess-cluster.endpoint" (list $ "redis")
*/}}
{{- define "chess-cluster.endpoint" -}}
{{- $secret := index (index . 0).Values.secrets (index . 1) -}}
urlSecretRef:
  name: {{ $secret.name | quote }}
  key: {{ $secret.key | quote }}
{{- with include "chess-cluster.caKey" . }}
caSecretRef:
  name: {{ $secret.name | quote }}
  key: {{ . | quote }}
{{- end }}
{{- end -}}
