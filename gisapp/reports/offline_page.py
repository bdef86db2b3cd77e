"""A page that asks nothing of any network: its policy lets only its own style and scripts run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape


def offline_page(title: str, language: str, style: str, body: str, *, scripts: Sequence[str] = ()) -> str:
    """Return a page that may fetch nothing and run nothing but these scripts: its policy names their hashes."""
    allowed = " ".join(f"'sha256-{_hash(script)}'" for script in scripts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'sha256-{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    ran = "".join(f"<script>{script}</script>" for script in scripts)
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{body}{ran}</body></html>'


def policy_of(html: str) -> str:
    """Return the policy that such a page states, for a server that sends it."""
    found = _POLICY.search(html)
    return found[1] if found else "default-src 'none'"


_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def _hash(content: str) -> str:
    """Return the hash by which a policy names a script or style."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
