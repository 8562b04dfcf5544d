"""Markdown to a self-contained HTML page, for light and dark themes and any screen width."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from html import escape

from markdown_it import MarkdownIt

# The policy keeps a browser from fetching anything, whatever the text contains.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark;
  --paper: #fff; --ink: #1d2433; --line: #dde2ea; --link: #2f6f9f }}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #191919; --ink: #e3e6eb; --line: #3a3f48; --link: #8fc1e8 }}
  img {{ filter: invert(.902) hue-rotate(180deg) }}
}}
body {{ max-width: 62rem; margin: 0 auto; padding: 1rem 1.2rem 3rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif }}
h1, h2 {{ line-height: 1.25 }}
h2 {{ margin-top: 2.2rem }}
a {{ color: var(--link) }}
p:has(> img) {{ overflow-x: auto }}
img {{ display: block; width: 100%; min-width: 36rem; height: auto; margin: 1.5rem 0 }}
code {{ font-size: .9em; overflow-wrap: anywhere }}
li {{ overflow-wrap: anywhere }}
.table {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }}
th, td {{ padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }}
th {{ text-align: left }}
td[style] {{ white-space: nowrap }}
td:first-child {{ min-width: 8rem }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def to_html(title: str, markdown: str, pictures: Mapping[str, bytes]) -> str:
    """The page. pictures: PNG files by their names in the Markdown."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for image in (part for token in tokens for part in token.children or ()):
        if image.type == "image":
            data = pictures.get(str(image.attrs["src"]), b"")
            image.attrs["src"] = f"data:image/png;base64,{b64encode(data).decode()}"
    body = parser.renderer.render(tokens, parser.options, {})
    body = body.replace("<table>", '<div class="table" tabindex="0"><table>')
    return _PAGE.format(title=escape(title), body=body.replace("</table>", "</table></div>"))
