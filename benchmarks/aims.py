"""Figures beside the aims they are held to, so that a reader sees at once which is missed."""

from __future__ import annotations


def at_most(figure: float, aim: float, unit: str, form: str = ",.1f") -> str:
    """Return a figure that should be small: ``12.3 ms (aim at most 60 ms: met)``."""
    return f"{figure:{form}} {unit} (aim at most {aim:,g} {unit}: {met(figure <= aim)})"


def as_fast(theirs: float, ours: float, aim: float = 1) -> str:
    """Return how many times as fast as a peer we are: ``ours is 194 times as fast (aim at least 80: met)``."""
    ratio = theirs / ours
    return f"ours is {ratio:,.{0 if ratio >= 20 else 1}f} times as fast (aim at least {aim:,g}: {met(ratio >= aim)})"


def met(well: bool) -> str:
    """Return the verdict; what is missed stands out and can be searched for."""
    return "met" if well else "MISSED"
