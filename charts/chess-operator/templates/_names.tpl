{{/* Prefix of all names: the release's, with the chart's behind it where the release is called otherwise. */}}
{{- define "chess-operator.fullname" -}}
{{- $chart := default .Chart.Name .Values.nameOverride -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- $name := ternary $release (printf "%s-%s" $release $chart) (contains $chart $release) -}}
{{- default $name .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels of every object. No app.kubernetes.io/instance: Argo CD's label tracking writes that one itself. */}}
{{- define "chess-operator.labels" -}}
{{- merge (dict
      "app.kubernetes.io/name" (include "chess-operator.fullname" .)
      "app.kubernetes.io/part-of" "chesscluster"
      "app.kubernetes.io/managed-by" .Release.Service
      "app.kubernetes.io/version" .Chart.AppVersion
      "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version)
    ) (.Values.commonLabels | default dict) | toYaml -}}
{{- end -}}

{{/* What selects the operator's pods. */}}
{{- define "chess-operator.selector" -}}
app.kubernetes.io/name: {{ include "chess-operator.fullname" . | quote }}
{{- end -}}

{{- define "chess-operator.image" -}}
{{- $image := .Values.image -}}
{{- if $image.reference -}}
{{- $image.reference -}}
{{- else -}}
{{- $repository := required "image.repository is needed: there is no public image, build yours (docs/gitops.md, \"The image\")" $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Of what the values say about nodes: what a pod needs that is not the operator, but runs the same image. */}}
{{- define "chess-operator.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (.Values.affinity | default dict).nodeAffinity }}
affinity:
  nodeAffinity: {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Refuses values that contradict each other, which would be ignored without a word. */}}
{{- define "chess-operator.check" -}}
{{- $rbac := .Values.rbac -}}
{{- if not (regexMatch "^[a-z]" (include "chess-operator.fullname" .)) -}}
{{- fail (printf "the release's name gives %q: a name must begin with a letter; set fullnameOverride" (include "chess-operator.fullname" .)) -}}
{{- end -}}
{{- include "chess-operator.checkLists" . -}}
{{- if eq $rbac.scope "namespaced" -}}
{{- if not $rbac.namespaces -}}
{{- fail "rbac.namespaces is needed with rbac.scope=namespaced: where ChessClusters are looked after" -}}
{{- end -}}
{{- if $rbac.secretNamespaces -}}
{{- fail "rbac.secretNamespaces is for rbac.scope=cluster; with rbac.scope=namespaced Secrets are read in rbac.namespaces, and nowhere else" -}}
{{- end -}}
{{- else if $rbac.namespaces -}}
{{- fail "rbac.namespaces is for rbac.scope=namespaced; with rbac.scope=cluster ChessClusters are looked after everywhere" -}}
{{- end -}}
{{- end -}}

{{/* Kubernetes tells the items of these lists apart by a field or two. */}}
{{- define "chess-operator.checkLists" -}}
{{- $lists := list
      (list "env" .Values.env (list "name"))
      (list "image.pullSecrets" .Values.image.pullSecrets (list "name"))
      (list "topologySpreadConstraints" .Values.topologySpreadConstraints (list "topologyKey" "whenUnsatisfiable"))
      (list "extraVolumes" .Values.extraVolumes (list "name"))
      (list "extraVolumeMounts" .Values.extraVolumeMounts (list "mountPath")) -}}
{{- range $one := $lists -}}
{{- $path := index $one 0 -}}
{{- $seen := ternary (list "POD_NAME") list (eq $path "env") -}}
{{- range $item := index $one 1 -}}
{{- $key := list -}}
{{- range $field := index $one 2 -}}{{- $key = append $key (get $item $field) -}}{{- end -}}
{{- $key = join ", " $key -}}
{{- if has $key $seen -}}
{{- fail (printf "%s: %q is there twice, or is the operator's own: choose another %s" $path $key (join " or " (index $one 2))) -}}
{{- end -}}
{{- $seen = append $seen $key -}}
{{- end -}}
{{- end -}}
{{- $volumes := list -}}
{{- range .Values.extraVolumes -}}{{- $volumes = append $volumes .name -}}{{- end -}}
{{- range .Values.extraVolumeMounts -}}
{{- if not (has .name $volumes) -}}
{{- fail (printf "extraVolumeMounts: %q is needed in extraVolumes, and is not there" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What Prometheus does to labels and series, for one endpoint. Called with the monitors' values. */}}
{{- define "chess-operator.relabelings" -}}
{{- with .relabelings }}
relabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
