from __future__ import annotations

import pandas as pd
import pytest
from small_city import small_tables


@pytest.fixture(scope="session")
def small() -> dict[str, pd.DataFrame]:
    return small_tables()
