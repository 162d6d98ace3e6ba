{{/* Refuses values that contradict each other, or that nothing could be made of. */}}
{{- define "chess-cluster.check" -}}
{{- $values := .Values -}}
{{- $name := include "chess-cluster.name" . -}}
{{- if not (regexMatch "^[a-z]" $name) -}}
{{- fail (printf "the ChessCluster would be called %q: a name must begin with a letter; set nameOverride" $name) -}}
{{- end -}}
{{- if and $values.entry.nodePort (eq $values.entry.type "ClusterIP") -}}
{{- fail (printf "entry.nodePort is %v with entry.type=ClusterIP: set entry.type=NodePort or LoadBalancer, or leave the port out" $values.entry.nodePort) -}}
{{- end -}}
{{- if and $values.externalSecrets.enabled (or $values.trial.redis.enabled $values.trial.postgres.enabled) -}}
{{- fail "externalSecrets.enabled and trial.*.enabled would make the same Secrets: choose one" -}}
{{- end -}}
{{- range $store, $trial := dict "redis" "redis" "database" "postgres" -}}
{{- include "chess-cluster.checkStore" (dict "store" $store "secret" (index $values.secrets $store)
      "external" (index $values.externalSecrets $store) "made" $values.externalSecrets.enabled "trial" (index $values.trial $trial).enabled) -}}
{{- end -}}
{{- $made := or $values.externalSecrets.enabled (and $values.trial.redis.enabled $values.trial.postgres.enabled) -}}
{{- if and $made (eq $values.secrets.redis.name $values.secrets.database.name) -}}
{{- fail (printf "secrets.redis.name and secrets.database.name are both %q: two Secrets are made, name them apart" $values.secrets.redis.name) -}}
{{- end -}}
{{- end -}}

{{- define "chess-cluster.checkStore" -}}
{{- if eq .secret.key .secret.caKey -}}
{{- fail (printf "secrets.%s.key and secrets.%s.caKey are both %q: a key holds the URL or the certificates" .store .store .secret.key) -}}
{{- end -}}
{{- if .made -}}
{{- $ca := or .external.ca .external.caRemoteKey -}}
{{- if and .external.ca .external.caRemoteKey -}}
{{- fail (printf "externalSecrets.%s.ca and externalSecrets.%s.caRemoteKey are both set: choose one" .store .store) -}}
{{- end -}}
{{- if and .secret.caKey (not $ca) -}}
{{- fail (printf "externalSecrets.%s.ca or externalSecrets.%s.caRemoteKey is needed: secrets.%s.caKey names a key that nothing else makes" .store .store .store) -}}
{{- end -}}
{{- if and (eq .store "database") (ne .external.sslmode "require") (not $ca) -}}
{{- fail (printf "externalSecrets.database.ca or externalSecrets.database.caRemoteKey is needed for sslmode=%s: the certificates that PostgreSQL is known by (RDS: the bundle of your region). Without them anybody on the way may answer in its place; externalSecrets.database.sslmode=require takes that" .external.sslmode) -}}
{{- end -}}
{{- end -}}
{{- if .trial -}}
{{- if .secret.caKey -}}
{{- fail (printf "secrets.%s.caKey is %q: a trial's store speaks no TLS" .store .secret.caKey) -}}
{{- end -}}
{{- if eq .secret.key "password" -}}
{{- fail (printf "secrets.%s.key is \"password\", where a trial keeps the password: choose another" .store) -}}
{{- end -}}
{{- end -}}
{{- end -}}
