from __future__ import annotations

import pandas as pd
import pytest

from gisapp.demo import city_tables


@pytest.fixture(scope="session")
def small() -> dict[str, pd.DataFrame]:
    return city_tables("small", 1)
