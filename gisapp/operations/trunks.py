"""Whom a shutoff concerns because a trunk is shut (water service rules Art. 15(9))."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.rules import ShutoffRules, TrunkRule


def trunk_rules(pipes: pd.DataFrame, rules: ShutoffRules, utility: str) -> tuple[TrunkRule, ...]:
    """Return the rules by which links that are shut are trunks, in the order of the rule file; none where none is.

    Parameters
    ----------
    pipes
        The links that are shut: ``rank`` and ``diameter_mm``, either of which may be missing.
    rules
        Those in force: a rank, or a diameter from which on a link is a trunk, that one included.
    utility
        The utility of the links.
    """
    sizes = pd.to_numeric(pipes["diameter_mm"]).to_numpy(dtype=float, na_value=np.nan)
    mine = [rule for rule in rules.trunk if rule.utility == utility]
    return tuple(rule for rule in mine if (pipes["rank"] == rule.rank).any() or _large(sizes, rule.from_diameter_mm))


def _large(sizes: np.ndarray, least: float | None) -> bool:
    return least is not None and bool((sizes >= least).any())
