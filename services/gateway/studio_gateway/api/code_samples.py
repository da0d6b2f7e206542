"""How each operation is called, in curl, JavaScript and Python, as `x-codeSamples` for the API's reader.

Generated from the operation's own path, parameters and examples, so that a sample cannot be older than its operation.
"""

import json
import shlex
from typing import Any, NamedTuple

STUDIO = "http://127.0.0.1:8080"
UNSAMPLED_TAGS = frozenset({"webhooks", "panel"})
"""What the provider and the earlier panel call."""
SENT_FILE = "drawing.svg"


class SampleCall(NamedTuple):
    """One call of an operation: `path` holds its parameters, `body` is JSON or None; or a file is sent."""

    method: str
    path: str
    body: Any
    needs_key: bool
    is_file: bool
    is_stream: bool
    sends_file: bool = False


def add_code_samples(api: dict[str, Any]) -> None:
    """Give each operation of the description its samples, in place."""
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            if UNSAMPLED_TAGS.isdisjoint(operation["tags"]):
                call = sample_call(api, path, method, operation)
                operation["x-codeSamples"] = [
                    {"lang": "Shell", "label": "curl", "source": _curl(call)},
                    {"lang": "JavaScript", "label": "JavaScript", "source": _javascript(call)},
                    {"lang": "Python", "label": "Python", "source": _python(call)},
                ]


def sample_call(api: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> SampleCall:
    """A call with the examples of the operation's parameters and body. Raises KeyError where an example is missing."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(_example(parameter | parameter["schema"])))
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    media = {media_type for answer in answers for media_type in answer.get("content", {})}
    return SampleCall(
        method.upper(),
        path,
        _body(api, operation),
        needs_key=any("apiKey" in way for way in operation["security"]),
        is_file=bool(media) and media.isdisjoint({"application/json", "text/event-stream"}),
        is_stream="text/event-stream" in media,
        sends_file="application/octet-stream" in operation.get("requestBody", {}).get("content", {}),
    )


def _body(api: dict[str, Any], operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    if "examples" in content:
        return next(iter(content["examples"].values()))["value"]
    schema = api["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    properties = schema["properties"].items()
    return {name: _example(field) for name, field in properties if "examples" in field or "default" in field}


def _example(described: dict[str, Any]) -> Any:
    return described["examples"][0] if "examples" in described else described["default"]


def _curl(call: SampleCall) -> str:
    lines = [f'curl -sS{"N" if call.is_stream else ""} "$STUDIO{call.path}"']
    if call.method != "GET":
        lines[0] += f" -X {call.method}"
    if call.needs_key:
        lines.append('-H "Authorization: Bearer $STUDIO_API_KEY"')
    if call.body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(call.body))}"]
    if call.sends_file:
        lines.append(f"--data-binary @{SENT_FILE}")
    if call.is_file:
        lines.append("-OJ")
    return f"STUDIO={STUDIO}\n" + " \\\n  ".join(lines) + "\n"


def _javascript(call: SampleCall) -> str:
    headers = []
    if call.needs_key:
        headers.append("Authorization: `Bearer ${process.env.STUDIO_API_KEY}`")
    if call.body is not None:
        headers.append('"Content-Type": "application/json"')
    options = [f'method: "{call.method}"'] if call.method != "GET" else []
    if headers:
        options.append(f"headers: {{ {', '.join(headers)} }}")
    if call.body is not None:
        options.append(f"body: JSON.stringify({json.dumps(call.body)})")
    if call.sends_file:
        options.append(f'body: await (await import("node:fs/promises")).readFile("{SENT_FILE}")')
    lines = "".join(f"  {option},\n" for option in options)
    given = f", {{\n{lines}}}" if lines else ""
    if call.is_file:
        read = "const file = await answer.blob();"
    elif call.is_stream:
        read = "for await (const part of answer.body.pipeThrough(new TextDecoderStream())) console.log(part);"
    else:
        read = "console.log(answer.status, await answer.text());"
    return f'const answer = await fetch("{STUDIO}{call.path}"{given});\n{read}\n'


def _python(call: SampleCall) -> str:
    arguments = [f'"{STUDIO}{call.path}"']
    lines = ["import httpx", ""]
    if call.needs_key:
        lines = ["import os", "", *lines]
        arguments.append('headers={"Authorization": f"Bearer {os.environ[\'STUDIO_API_KEY\']}"}')
    if call.body is not None:
        arguments.append(f"json={call.body!r}")
    if call.sends_file:
        arguments.append(f"content=open('{SENT_FILE}', 'rb').read()")
    given = ", ".join(arguments)
    if call.is_stream:
        lines += [f'with httpx.stream("GET", {given}, timeout=None) as answer:', "    for line in answer.iter_lines():"]
        return "\n".join([*lines, "        print(line)", ""])
    lines.append(f"answer = httpx.{call.method.lower()}({given})")
    lines.append("answer.raise_for_status()")
    lines.append("open('file', 'wb').write(answer.content)" if call.is_file else "print(answer.text)")
    return "\n".join([*lines, ""])
