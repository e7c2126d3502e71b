{{- define "imagesync.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- /* Kubernetes adds up to 11 characters to the name of a CronJob, and a label has at most 63. */}}
{{- define "imagesync.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "imagesync.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "imagesync.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* A map whose values are texts: a number is written without an exponent, as JSON does. */}}
{{- define "imagesync.texts" -}}
{{- $texts := dict }}
{{- range $name, $value := . }}{{ $_ := set $texts $name (include "imagesync.text" $value) }}{{ end }}
{{- toYaml $texts }}
{{- end }}

{{- /* Fields that are numbers, of a dict of values and names: one that was taken away by null is none, and not 0. */}}
{{- define "imagesync.numbers" -}}
{{- $values := .values }}
{{- $lines := list }}
{{- range .names }}
{{- $value := get $values . }}
{{- if not (or (kindIs "invalid" $value) (kindIs "string" $value)) }}{{ $lines = append $lines (printf "%s: %d" . (int64 $value)) }}{{ end }}
{{- end }}
{{- join "\n" $lines }}
{{- end }}

{{- define "imagesync.ownLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/name: {{ include "imagesync.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end }}

{{- /* Labels of yours never take the place of the chart's: they are what the objects are found by. */}}
{{- define "imagesync.labels" -}}
{{- merge (include "imagesync.ownLabels" . | fromYaml) (default dict .Values.additionalLabels) | include "imagesync.texts" }}
{{- end }}

{{- define "imagesync.podLabels" -}}
{{- merge (include "imagesync.ownLabels" . | fromYaml) (default dict .Values.podLabels) (default dict .Values.additionalLabels) | include "imagesync.texts" }}
{{- end }}

{{- define "imagesync.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "imagesync.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "imagesync.image" -}}
{{- $name := .Values.image.repository }}
{{- with .Values.image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $name .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag | toString) }}
{{- end }}
{{- end }}

{{- /* A text as it is, anything else as JSON: a number has no exponent then. */}}
{{- define "imagesync.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{- define "imagesync.command" -}}
{{- $command := .Values.command }}
{{- if not $command }}
{{- $command = "sync" }}
{{- range $name, $_ := merge (dict) (default dict .Values.environmentVariables) (default dict .Values.secretEnvironmentVariables) }}
{{- if hasPrefix "REPLICANT_" $name }}{{ $command = "replicant" }}{{ end }}
{{- end }}
{{- end }}
{{- if and (eq $command "replicant") (or .Values.lockFile.enabled .Values.metrics.enabled) }}
{{- fail "lockFile and metrics are not for the command replicant: set command to sync, which reads the same config, or leave them out" }}
{{- end }}
{{- if and (eq $command "plan") .Values.metrics.enabled }}
{{- fail "metrics are not for the command plan: set metrics.enabled to false" }}
{{- end }}
{{- $command }}
{{- end }}

{{- define "imagesync.configFile" -}}
{{- if eq (include "imagesync.command" .) "replicant" }}replicant.yaml{{ else }}imagesync.yaml{{ end }}
{{- end }}

{{- /* Where replicant's variables expect it. */}}
{{- define "imagesync.configDirectory" -}}
{{- if eq (include "imagesync.command" .) "replicant" }}/config{{ else }}/etc/imagesync{{ end }}
{{- end }}

{{- define "imagesync.configText" -}}
{{- if not .Values.config }}
{{- fail "config is empty: set it to what is to be copied (docs/guides/configuration.md), or existingConfigMap to a ConfigMap that says it" }}
{{- end }}
{{- if kindIs "string" .Values.config }}
{{- regexReplaceAll "\\s+$" .Values.config "" }}
{{- else }}
{{- toYaml .Values.config }}
{{- end }}
{{- end }}

{{- define "imagesync.dockerSecret" -}}
{{- if and .Values.dockerConfig.existingSecret .Values.dockerConfig.content }}
{{- fail "dockerConfig.existingSecret and dockerConfig.content are two places for the same: give one of them" }}
{{- end }}
{{- if .Values.dockerConfig.content }}{{ include "imagesync.fullname" . }}-logins{{ else }}{{ .Values.dockerConfig.existingSecret }}{{ end }}
{{- end }}

{{- /* A dict of root and dryRun: the arguments of a run, or of one that writes nothing and keeps nothing. */}}
{{- define "imagesync.arguments" -}}
{{- $values := .root.Values }}
{{- $command := include "imagesync.command" .root }}
{{- $arguments := list $command }}
{{- if eq $command "replicant" }}
{{- if .dryRun }}{{ $arguments = list "plan" "-c" "/config/replicant.yaml" }}{{ end }}
{{- else }}
{{- $arguments = concat $arguments (list "-c" "/etc/imagesync/imagesync.yaml") }}
{{- if and .dryRun (eq $command "sync") }}{{ $arguments = append $arguments "--dry-run" }}{{ end }}
{{- end }}
{{- if and $values.lockFile.enabled (not .dryRun) }}
{{- $arguments = concat $arguments (list "--lock-file" "/var/lib/imagesync/imagesync.lock") }}
{{- with $values.lockFile.onRetag }}{{ $arguments = concat $arguments (list "--on-retag" .) }}{{ end }}
{{- end }}
{{- if and $values.metrics.enabled (not .dryRun) }}
{{- $arguments = concat $arguments (list "--metrics-file" "/var/lib/imagesync-metrics/imagesync.prom") }}
{{- end }}
{{- if $values.caCertificates }}
{{- $arguments = concat $arguments (list "--ca-file" "/etc/imagesync-ca/ca.pem") }}
{{- end }}
{{- if not (and .dryRun (eq $command "replicant")) }}
{{- range $values.arguments }}{{ $arguments = append $arguments (include "imagesync.text" .) }}{{ end }}
{{- end }}
{{- toYaml $arguments }}
{{- end }}

{{- /* Variables as a map; those of yours go before those of the chart. */}}
{{- define "imagesync.environment" -}}
{{- $own := dict "HOME" "/tmp" }}
{{- if include "imagesync.dockerSecret" . }}{{ $_ := set $own "DOCKER_CONFIG" "/etc/imagesync-logins" }}{{ end }}
{{- if .Values.googleApplicationCredentials }}
{{- $_ := set $own "GOOGLE_APPLICATION_CREDENTIALS" "/secrets/key.json" }}
{{- end }}
{{- merge (dict) (default dict .Values.environmentVariables) $own | include "imagesync.texts" }}
{{- end }}

{{- define "imagesync.configMap" -}}
{{- if and .Values.config .Values.existingConfigMap }}
{{- fail "config and existingConfigMap are two places for the same: give one of them" }}
{{- end }}
{{- default (printf "%s-config" (include "imagesync.fullname" .)) .Values.existingConfigMap }}
{{- end }}

{{- /* Spec of a pod: a dict of root (the chart's top), dryRun, restartPolicy. */}}
{{- define "imagesync.podSpec" -}}
{{- $values := .root.Values }}
{{- $fullname := include "imagesync.fullname" .root -}}
serviceAccountName: {{ include "imagesync.serviceAccountName" .root | quote }}
automountServiceAccountToken: {{ $values.serviceAccount.automount }}
enableServiceLinks: false
restartPolicy: {{ .restartPolicy }}
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $values.podSecurityContext | nindent 2 }}
{{- with $values.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: imagesync
    image: {{ include "imagesync.image" .root | quote }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args:
      {{- include "imagesync.arguments" . | nindent 6 }}
    {{- with $values.extraEnv }}
    env:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    # Kubernetes replaces nothing in variables from here, as it does $(NAME) in others; the last source of a name counts.
    envFrom:
      - configMapRef:
          name: {{ $fullname }}-env
      {{- if $values.secretEnvironmentVariables }}
      - secretRef:
          name: {{ $fullname }}-secret-env
      {{- end }}
      {{- with $values.extraEnvFrom }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    resources:
      {{- toYaml $values.resources | nindent 6 }}
    securityContext:
      {{- toYaml $values.securityContext | nindent 6 }}
    volumeMounts:
      - name: config
        mountPath: {{ include "imagesync.configDirectory" .root }}
        readOnly: true
      - name: tmp
        mountPath: /tmp
      {{- if include "imagesync.dockerSecret" .root }}
      - name: logins
        mountPath: /etc/imagesync-logins
        readOnly: true
      {{- end }}
      {{- if $values.googleApplicationCredentials }}
      - name: google
        mountPath: /secrets
        readOnly: true
      {{- end }}
      {{- if $values.caCertificates }}
      - name: ca
        mountPath: /etc/imagesync-ca
        readOnly: true
      {{- end }}
      {{- if and $values.lockFile.enabled (not .dryRun) }}
      - name: lock-file
        mountPath: /var/lib/imagesync
      {{- end }}
      {{- if and $values.metrics.enabled (not .dryRun) }}
      - name: metrics
        mountPath: /var/lib/imagesync-metrics
      {{- end }}
      {{- with $values.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: config
    configMap:
      name: {{ include "imagesync.configMap" .root | quote }}
  - name: tmp
    emptyDir: {}
  {{- with include "imagesync.dockerSecret" .root }}
  - name: logins
    secret:
      secretName: {{ . | quote }}
      items:
        - key: .dockerconfigjson
          path: config.json
  {{- end }}
  {{- if $values.googleApplicationCredentials }}
  - name: google
    secret:
      secretName: {{ $fullname }}-gcp-sa
  {{- end }}
  {{- if $values.caCertificates }}
  - name: ca
    configMap:
      name: {{ $fullname }}-ca
  {{- end }}
  {{- if and $values.lockFile.enabled (not .dryRun) }}
  - name: lock-file
    persistentVolumeClaim:
      claimName: {{ default (printf "%s-lock-file" $fullname) $values.lockFile.existingClaim | quote }}
  {{- end }}
  {{- if and $values.metrics.enabled (not .dryRun) }}
  - name: metrics
    {{- default (dict "emptyDir" dict) $values.metrics.volume | toYaml | nindent 4 }}
  {{- end }}
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end }}
