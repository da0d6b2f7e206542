"""Schemas of the custom resources, written from their public documentation: the fields used here, and no other."""

from typing import Any

import jsonschema

TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
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
    rabbitmq=fields(additionalConfig=TEXT, additionalPlugins=items(TEXT)),
    override=fields(statefulSet=fields("spec", spec=fields(template={"type": "object", "required": ["spec"]}))),
)
SPECS = {
    ("keda.sh/v1alpha1", "ScaledObject"): SCALED_OBJECT,
    ("keda.sh/v1alpha1", "TriggerAuthentication"): TRIGGER_AUTHENTICATION,
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): RABBITMQ_CLUSTER,
}


def validate(manifest: dict[str, Any]) -> None:
    """Raises jsonschema.ValidationError, and KeyError for a kind that is not known here."""
    spec = SPECS[manifest["apiVersion"], manifest["kind"]]
    schema = fields("apiVersion kind metadata spec", apiVersion=TEXT, kind=TEXT, metadata=METADATA, spec=spec)
    jsonschema.validate(manifest, schema)
