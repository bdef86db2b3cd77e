"""Buttons that write: what they do, what they ask first, by which permission; in the browser ``assets/deeds.js``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component
from flask import current_app, g, has_request_context

from dashboards import shell
from dashboards.access import LOCAL, Permission, Person, access_of
from gisapp.errors import AccessError
from gisapp.rules.roles import role_rules
from gisapp.words import word

MYSELF = "@me"
"""Among the answers that a button proposes: whoever presses it, which the browser puts in."""


@dataclass(frozen=True)
class Field:
    """What a button asks before it writes: an input (text, area, quantity, day, moment, past, tick, choice).

    A ``past`` is a moment in ``zone`` that is not before ``least`` and has happened; empty stands for now.
    ``list`` is the id of a list of words on the page that a text proposes.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    zone: str = ""
    least: str = ""
    list: str = ""


def may(needs: Permission) -> bool:
    """Return whether the person who asks holds a permission."""
    person = _person()
    return person is not None and needs in person.permissions


def me() -> str:
    """Return the code of the person who asks.

    Raises
    ------
    RuntimeError
        In an answer that is made for many (:mod:`dashboards.shared`).
    """
    if has_request_context() and "gisapp_answer" in g:
        raise RuntimeError("an answer for many tells who asks; let the browser put that in, or do not share it")
    person = _person()
    return person.code if person is not None else ""


def roles() -> tuple[str, ...]:
    """Return as what the person who asks may act on incidents, the usual one first."""
    person = _person()
    return person.roles if person is not None else ()


def every_role() -> tuple[str, ...]:
    """Return every role of the person who asks: on incidents and of the account; every one without accounts."""
    person = asking()
    rules = role_rules().values() if person.rules is None else person.rules
    return (*person.roles, *(rule.role for rule in rules))


def asking() -> Person:
    """Return who asks; the program itself, which sees everything, outside of a request.

    Raises
    ------
    AccessError
        When nobody is known to ask.
    """
    person = _person() if has_request_context() else LOCAL
    if person is None:
        raise AccessError("log in first")
    return person


def _person() -> Person | None:
    return access_of(current_app).person() if has_request_context() else None


def deed(
    words: str,
    done: Mapping[str, Any],
    *,
    needs: Permission,
    ask: Sequence[Field] = (),
    look: str = "",
    sign: str = "",
    title: str = "",
    point: bool = False,
) -> Component | None:
    """Return a button that writes ``done``, None for a person who may not.

    Parameters
    ----------
    done
        What the page's callback of writes takes; answers to ``ask`` are added to it.
    look
        ``main`` for what is usually done next, ``bad`` for what is not undone.
    title
        Of the dialog that asks; the button's words when absent.
    point
        A place on the map is pointed at first; its ``lng`` and ``lat`` are added.
    """
    if not may(needs):
        return None
    told = {"data-deed": json.dumps(done), "data-needs": str(needs)}
    if ask:
        told |= {"data-ask": json.dumps([asdict(field) for field in ask]), "data-title": sentence(title or words)}
    if point:
        told["data-point"] = "true"
    said = sentence(words)
    inside = [shell.icon(sign), said] if sign else said
    return html.Button(inside, className=f"button writes {look}".strip(), **told)


def sentence(words: str) -> str:
    """Return words as they begin a line."""
    return words[:1].upper() + words[1:]


def actor(code: str, spoken: str) -> str:
    """Return who did something: the code of the person; without accounts, this machine."""
    return word("shell.local", spoken) if code == "local" else code
