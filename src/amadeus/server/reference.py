"""The API reference: one plain HTML page that loads nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any


def reference_page(openapi: dict[str, Any]) -> str:
    """An OpenAPI document as an HTML page."""
    info = openapi["info"]
    title = f"{info['title']} {info['version']}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(info.get('description', ''))}</p>",
        '<p>OpenAPI document: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p>',
        *_operations(openapi),
        "<h2>Objects</h2>",
        *_schemas(openapi["components"]["schemas"]),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        + "\n".join(body)
        + "</html>"
    )


def _operations(openapi: dict[str, Any]) -> Iterator[str]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation.get('summary', ''))}</p>"
            yield from _list("Parameters", map(_parameter, operation.get("parameters", [])))
            yield from _list("Body", _contents(operation.get("requestBody", {})))
            yield from _list("Responses", _responses(operation["responses"]))


def _list(heading: str, items: Any) -> Iterator[str]:
    lines = [f"<li>{item}</li>" for item in items]
    if lines:
        yield f"<h3>{heading}</h3><ul>{''.join(lines)}</ul>"


def _parameter(parameter: dict[str, Any]) -> str:
    needed = "" if parameter.get("required") else ", optional"
    description = escape(parameter.get("description", ""))
    name = escape(parameter["name"])
    return (
        f"<code>{name}</code> in the {parameter['in']}{needed}: {_type(parameter['schema'])} "
        f"{description}"
    )


def _contents(body: dict[str, Any]) -> Iterator[str]:
    for media_type, content in body.get("content", {}).items():
        yield f"<code>{escape(media_type)}</code> {_type(content.get('schema', {}))}"


def _responses(responses: dict[str, Any]) -> Iterator[str]:
    for status, response in responses.items():
        contents = ", ".join(_contents(response))
        yield f"<code>{status}</code> {escape(response.get('description', ''))} {contents}"


def _schemas(schemas: dict[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>'
        yield f"<p>{escape(schema.get('description', ''))}</p>"
        required = schema.get("required", [])
        yield from _list("", (_field(n, f, n in required) for n, f in _fields(schema)))
        for example in schema.get("examples", []):
            yield f"<pre>{escape(json.dumps(example))}</pre>"


def _fields(schema: dict[str, Any]) -> Any:
    return schema.get("properties", {}).items()


def _field(name: str, schema: dict[str, Any], required: bool) -> str:
    default = escape(json.dumps(schema.get("default")))
    needed = ", required" if required else f", default {default}"
    description = escape(schema.get("description", ""))
    return f"<code>{escape(name)}</code>{needed}: {_type(schema)} {description}"


def _type(schema: dict[str, Any]) -> str:
    """A type in words, with links to objects."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("type", "anything")))
