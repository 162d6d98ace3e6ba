{{/*
The operator's manifests, as `make manifests` generated them. Every template of this chart begins with one of them and
changes what values ask for; nothing is written twice.
  include "source" (list $ "Deployment" "chess-operator") | fromYaml
*/}}
{{- define "source" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $name := index . 2 -}}
{{- $file := "files/operator/operator.yaml" -}}
{{- if gt (len .) 3 -}}{{- $file = index . 3 -}}{{- end -}}
{{- range $text := regexSplit "(?m)^---$" ($root.Files.Get $file) -1 -}}
{{- $document := fromYaml $text -}}
{{- if and (eq (toString $document.kind) $kind) (eq (toString ($document.metadata | default dict).name) $name) -}}
{{- $metadata := $document.metadata -}}
{{- $_ := set $metadata "labels" (merge dict ($metadata.labels | default dict) (include "labels" $root | fromYaml)) -}}
{{- if hasKey $metadata "namespace" -}}
{{- $_ := set $metadata "namespace" $root.Release.Namespace -}}
{{- end -}}
{{- toYaml $document -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* No app.kubernetes.io/instance: Argo CD's label tracking writes that one itself. */}}
{{- define "labels" -}}
app.kubernetes.io/name: chess-operator
app.kubernetes.io/part-of: chesscluster
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Subjects of a binding: the service account in the release's namespace. */}}
{{- define "subjects" -}}
- kind: ServiceAccount
  name: chess-operator
  namespace: {{ .Release.Namespace }}
{{- end -}}
