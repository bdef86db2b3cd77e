"""Rows found by code, whichever of the two lists is the longer."""

import numpy as np
import pandas as pd
import pytest

from gisapp.network.attach import rows_of


def one_by_one(codes: list[str | None], wanted: list[str | None]) -> list[int]:
    return [-1 if code is None or code not in codes else codes.index(code) for code in wanted]


@pytest.mark.parametrize(("known", "asked"), [(0, 3), (3, 0), (40, 5), (5, 40), (30, 30)])
@pytest.mark.parametrize("seed", range(5))
def test_the_first_row_that_bears_a_code_is_found(known: int, asked: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pool = [*(f"P{at}" for at in range(25)), None]
    codes, wanted = ([pool[at] for at in rng.integers(0, len(pool), size)] for size in (known, asked))
    found = rows_of(pd.Series(codes, dtype="str"), pd.Series(wanted, dtype="str"))
    assert found.tolist() == one_by_one(codes, wanted)
