"""Schemas of the custom resources, written from their public documentation: the fields used here, and no other."""

from functools import cache
from typing import Any

from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
APPROVAL = "api-approved.kubernetes.io"
"""An annotation that the API server wants of definitions in the groups of *.k8s.io."""
QUANTITY = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|[KMGT]i?)?$"}


def fields(required: str = "", **properties: Any) -> dict[str, Any]:
    """An object with these fields alone."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def items(of: Any) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": of}


METADATA = fields("name", name=TEXT, namespace=TEXT, labels={"type": "object"}, annotations={"type": "object"})
STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
RABBITMQ_TRIGGER = fields(
    "queueName mode value",
    protocol={"enum": ["amqp", "http", "auto"]},
    queueName=TEXT,
    mode={"enum": ["QueueLength", "MessageRate"]},
    value={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
)
PACE = fields(stabilizationWindowSeconds={"type": "integer", "minimum": 0, "maximum": 3600})
SCALED_OBJECT = fields(
    "scaleTargetRef triggers",
    scaleTargetRef=fields("name", name=TEXT, kind=TEXT, apiVersion=TEXT),
    minReplicaCount=COUNT,
    maxReplicaCount=COUNT,
    pollingInterval=COUNT,
    cooldownPeriod=COUNT,
    fallback=fields("failureThreshold replicas", failureThreshold=COUNT, replicas=COUNT),
    advanced=fields(horizontalPodAutoscalerConfig=fields(behavior=fields(scaleDown=PACE, scaleUp=PACE))),
    triggers=items(
        fields(
            "type metadata",
            type={"const": "rabbitmq"},
            metadata=RABBITMQ_TRIGGER,
            authenticationRef=fields("name", name=TEXT),
        )
    ),
)
TRIGGER_AUTHENTICATION = fields(
    "secretTargetRef",
    secretTargetRef=items(fields("parameter name key", parameter={"enum": ["host"]}, name=TEXT, key=TEXT)),
)
RESOURCES = fields(requests=fields(cpu=QUANTITY, memory=QUANTITY), limits=fields(cpu=QUANTITY, memory=QUANTITY))
RABBITMQ_CLUSTER = fields(
    "replicas",
    replicas=COUNT,
    image=TEXT,
    persistence=fields(storage=QUANTITY, storageClassName=TEXT),
    resources=RESOURCES,
    affinity={"type": "object", "required": ["podAntiAffinity"]},
    tls=fields("secretName", secretName=TEXT),
    rabbitmq=fields(additionalConfig=TEXT, additionalPlugins=items(TEXT)),
    override=fields(statefulSet=fields("spec", spec=fields(template={"type": "object", "required": ["spec"]}))),
)
CERTIFICATE = fields(
    "secretName issuerRef dnsNames",
    secretName=TEXT,
    issuerRef=fields("kind name", kind={"enum": ["Issuer", "ClusterIssuer"]}, name=TEXT),
    dnsNames=items(TEXT),
)
EXTERNAL_SECRET = fields(
    "secretStoreRef target dataFrom",
    refreshInterval={"type": "string", "pattern": "^[0-9]+[smh]$"},
    secretStoreRef=fields("kind name", kind={"enum": ["SecretStore", "ClusterSecretStore"]}, name=TEXT),
    target=fields("name", name=TEXT),
    dataFrom=items(fields("extract", extract=fields("key", key=TEXT))),
)
RELABELING = fields("targetLabel", targetLabel=TEXT, replacement=TEXT, sourceLabels=items(TEXT))
POD_MONITOR = fields(
    "selector podMetricsEndpoints",
    selector=fields("matchLabels", matchLabels=STRINGS),
    podMetricsEndpoints=items(
        fields(
            "portNumber",
            portNumber={"type": "integer", "minimum": 1, "maximum": 65535},
            path=TEXT,
            params={"type": "object", "additionalProperties": items(TEXT)},
            interval={"type": "string", "pattern": "^[0-9]+s$"},
            relabelings=items(RELABELING),
        )
    ),
)
HTTP_ROUTE = fields(
    "parentRefs rules",
    parentRefs=items(fields("name", name=TEXT, namespace=TEXT, sectionName=TEXT)),
    hostnames=items(TEXT),
    rules=items(
        fields(
            "backendRefs",
            matches=items(
                fields("path", path=fields("type value", type={"enum": ["Exact", "PathPrefix"]}, value=TEXT))
            ),
            timeouts=fields(request={"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}),
            backendRefs=items(fields("name port", name=TEXT, port={"type": "integer", "minimum": 1, "maximum": 65535})),
        )
    ),
)
SPECS = {
    ("cert-manager.io/v1", "Certificate"): CERTIFICATE,
    ("external-secrets.io/v1", "ExternalSecret"): EXTERNAL_SECRET,
    ("monitoring.coreos.com/v1", "PodMonitor"): POD_MONITOR,
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): HTTP_ROUTE,
    ("keda.sh/v1alpha1", "ScaledObject"): SCALED_OBJECT,
    ("keda.sh/v1alpha1", "TriggerAuthentication"): TRIGGER_AUTHENTICATION,
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): RABBITMQ_CLUSTER,
}


def validate(manifest: dict[str, Any]) -> None:
    """Raises jsonschema.ValidationError, and KeyError for a kind that is not known here."""
    _validator(manifest["apiVersion"], manifest["kind"]).validate(manifest)


@cache
def _validator(api_version: str, kind: str) -> Validator:
    spec = SPECS[api_version, kind]
    schema = fields("apiVersion kind metadata spec", apiVersion=TEXT, kind=TEXT, metadata=METADATA, spec=spec)
    validator = validator_for(schema)
    validator.check_schema(schema)
    return validator(schema)


def definitions() -> list[dict[str, Any]]:
    """The custom resources as an API server wants them declared, with these schemas."""
    return [_definition(api_version, kind, spec) for (api_version, kind), spec in SPECS.items()]


def _definition(api_version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    group, version = api_version.split("/")
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "properties": {"spec": _structural(spec)}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "annotations": {APPROVAL: "unapproved, declared by tests"}},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def _structural(schema: dict[str, Any]) -> dict[str, Any]:
    """The same in the subset of JSON schema that is left to custom resources; unknown fields are always refused."""
    found = {key: value for key, value in schema.items() if (key, value) != ("additionalProperties", False)}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "enum" in found:
        found["type"] = "string"
    if "properties" in found:
        found["properties"] = {name: _structural(each) for name, each in found["properties"].items()}
    elif found["type"] == "object" and "additionalProperties" not in found:
        found["x-kubernetes-preserve-unknown-fields"] = True
    if "items" in found:
        found["items"] = _structural(found["items"])
    return found
