"""The ``gisapp`` command."""

from __future__ import annotations


def main() -> int:
    """Run a command; its exit status comes back."""
    raise SystemExit("not yet")
