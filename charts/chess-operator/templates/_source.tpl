{{/*
The operator's manifests, as `make manifests` generated them. Every template of this chart begins with one of them and
changes what values ask for; nothing is written twice. Names and namespace become those of the release.
  include "chess-operator.source" (list $ "Deployment" "chess-operator") | fromYaml
*/}}
{{- define "chess-operator.source" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $name := index . 2 -}}
{{- $file := "files/operator/operator.yaml" -}}
{{- if gt (len .) 3 -}}{{- $file = index . 3 -}}{{- end -}}
{{- range $text := regexSplit "(?m)^---$" ($root.Files.Get $file) -1 -}}
{{- $document := fromYaml $text -}}
{{- if and (eq (toString $document.kind) $kind) (eq (toString ($document.metadata | default dict).name) $name) -}}
{{- $document = include "chess-operator.renamed" (list $root $text) | fromYaml -}}
{{- $metadata := $document.metadata -}}
{{- $_ := set $metadata "labels" (merge dict ($metadata.labels | default dict) (include "chess-operator.labels" $root | fromYaml)) -}}
{{- toYaml $document -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The operator is called chess-operator and lives in chess-system, until a release says otherwise. */}}
{{- define "chess-operator.renamed" -}}
{{- $root := index . 0 -}}
{{- $name := include "chess-operator.fullname" $root -}}
{{- $text := regexReplaceAll "(?m)\\b(name|serviceAccountName): chess-operator(-[a-z]+)?$" (index . 1) (printf "${1}: \"%s${2}\"" $name) -}}
{{- regexReplaceAll "(?m)\\bnamespace: chess-system$" $text (printf "namespace: %q" $root.Release.Namespace) -}}
{{- end -}}
