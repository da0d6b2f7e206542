"""The events between the services, described in AsyncAPI 3 from the contracts themselves."""

from typing import Any

from studio_chassis.messaging.cloudevents import ATTEMPT, BUILD, DEAD_LETTERED_AT, DEFERRALS, LAST_ERROR
from studio_contracts import topology
from studio_contracts.events import PAYLOADS, Payload

_SENT = {
    "ce-specversion": "The version of CloudEvents.",
    "ce-id": "Deterministic: the same fact carries the same id however often it is published.",
    "ce-type": "The event's type, with its version.",
    "ce-source": "The service that observed it.",
    "ce-subject": "The job's id.",
    "ce-time": "When it was observed, in UTC.",
    BUILD: "Extension attribute: the build of the service that published it.",
    "traceparent": "W3C trace context of the job.",
}
_RETRIED = {
    ATTEMPT: "The number of the delivery to a handler, from 1.",
    DEFERRALS: "How often it was deferred through no fault of its own.",
    LAST_ERROR: "The error of the last handler.",
}
_DEAD_LETTERED = {DEAD_LETTERED_AT: "When it was put into the dead-letter queue, in UTC."}


def asyncapi(version: str) -> dict[str, Any]:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "TPV Studio events",
            "version": version,
            "description": "CloudEvents 1.0 in binary mode over AMQP 0-9-1. Events say what happened to which job; the "
            "state is in the job document. Consumers ignore fields they do not know.",
        },
        "defaultContentType": "application/json",
        "channels": {_name(payload): _channel(payload) for payload in PAYLOADS.values()},
        "operations": _sends() | _receives(),
        "components": {
            "messages": {_name(payload): _message(payload) for payload in PAYLOADS.values()},
            "schemas": {
                "CloudEventHeaders": {
                    "type": "object",
                    "description": "An event as it is published has the required headers. The consumers of the studio "
                    "add the others when they publish it again: to be retried, or as a dead letter.",
                    "properties": {
                        name: {"type": "integer" if name in (ATTEMPT, DEFERRALS) else "string", "description": text}
                        for name, text in (_SENT | _RETRIED | _DEAD_LETTERED).items()
                    },
                    "required": list(_SENT),
                }
            },
        },
    }


def _name(payload: type[Payload]) -> str:
    return payload.__name__


def _channel(payload: type[Payload]) -> dict[str, Any]:
    exchange = {"name": topology.EXCHANGE, "type": "topic", "durable": True}
    return {
        "address": payload.type,
        "messages": {_name(payload): {"$ref": f"#/components/messages/{_name(payload)}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _message(payload: type[Payload]) -> dict[str, Any]:
    return {
        "name": payload.type,
        "title": _name(payload),
        "summary": payload.__doc__,
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
        "payload": payload.model_json_schema(),
    }


def _sends() -> dict[str, Any]:
    return {
        f"publish{_name(payload)}": {"action": "send", "channel": {"$ref": f"#/channels/{_name(payload)}"}}
        for payload in PAYLOADS.values()
    }


def _receives() -> dict[str, Any]:
    """One operation for each queue and type it takes."""
    return {
        f"{queue.name}:{_name(PAYLOADS[taken])}": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{_name(PAYLOADS[taken])}"},
            "summary": f"The {queue.name.partition('.')[0]} service takes it from the queue {queue.name}; "
            f"what it cannot handle ends in {queue.dead_letter_queue}.",
        }
        for queue in topology.QUEUES
        for taken in queue.types
    }
