"""A Helm chart to start from: one Deployment and its Service, run by digest. Pure."""

from slipway.layout.places import Place
from slipway.layout.text import scalar
from slipway.service import Environment, Service

_KEYS = {"image.tag", "image.digest"}  # what the templates read

_CHART = """\
apiVersion: v2
name: {name}
description: A Helm chart for {name}
type: application
version: 0.1.0
"""
_VALUES = """\
# What every environment shares; an environment's own values are in the files beside this one.
replicaCount: 1

image:
  repository: {repository}
  pullPolicy: IfNotPresent
  tag: ""
  digest: "" # the image's identity; with it, the tag is only a label

service:
  port: 80
  targetPort: 8080 # where the container listens

health: / # answers 200 when the container is ready

env: []

resources: {{}}
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name | quote }}
  labels:
    app.kubernetes.io/name: {{ .Chart.Name | quote }}
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
spec:
  replicas: {{ .Values.replicaCount }}
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .Chart.Name | quote }}
      app.kubernetes.io/instance: {{ .Release.Name | quote }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ .Chart.Name | quote }}
        app.kubernetes.io/instance: {{ .Release.Name | quote }}
    spec:
      containers:
        - name: {{ .Chart.Name | quote }}
          {{- with .Values.image }}
          image: "{{ .repository }}:{{ .tag }}{{ if .digest }}@{{ .digest }}{{ end }}"
          imagePullPolicy: {{ .pullPolicy }}
          {{- end }}
          ports:
            - name: http
              containerPort: {{ .Values.service.targetPort }}
          readinessProbe:
            httpGet:
              path: {{ .Values.health | quote }}
              port: http
          {{- with .Values.env }}
          env:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name | quote }}
  labels:
    app.kubernetes.io/name: {{ .Chart.Name | quote }}
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
spec:
  ports:
    - name: http
      port: {{ .Values.service.port }}
      targetPort: http
  selector:
    app.kubernetes.io/name: {{ .Chart.Name | quote }}
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
"""


def chart(service: Service, environment: Environment, where: Place) -> dict[str, str]:
    """The chart in the folder of the values files, for a service that has none of its own.

    Nothing where the updates write other keys than the templates read: they belong to a chart
    that exists.
    """
    keys = {update.key for update in environment.updates if update.file in where.values}
    if service.chart or not where.values or where.folder is None or keys - _KEYS:
        return {}
    files = {
        "Chart.yaml": _CHART.format(name=scalar(service.service)),
        "values.yaml": _VALUES.format(repository=scalar(service.image.repository)),
        "templates/deployment.yaml": _DEPLOYMENT,
        "templates/service.yaml": _SERVICE,
    }
    return {f"{where.folder}/{name}".lstrip("/"): text for name, text in files.items()}
