"""What the child leaves is what the parent gets."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisapp.errors import InputError
from gisapp.imports import transport
from gisapp.imports.transport import ColumnFile, Outbox, Raw, received

TEXTS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 7))
def test_texts_arrive_as_they_left(texts, few):
    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox(Path(folder))
        transport.FEW_VALUES, kept = few, transport.FEW_VALUES
        try:
            file = outbox.column(0, "a")
            for start in range(0, len(texts), 3):
                file.add(texts[start : start + 3])
            outbox.put(Raw("rows", len(texts), ["a"], {}), [file], [text.encode() or None for text in texts])
        finally:
            transport.FEW_VALUES = kept
        outbox.close({"kind": "csv"})
        facts, tables = received(Path(folder))
    assert facts == {"kind": "csv"}
    assert tables["rows"].columns["a"].full().tolist() == texts
    assert tables["rows"].wkb.tolist() == [text.encode() or None for text in texts]


@pytest.mark.parametrize("before", [0, 5000])
def test_a_nul_is_refused_with_its_row(tmp_path, before):
    file = ColumnFile(tmp_path / "t.x", "code")
    file.add([str(number) for number in range(before)])
    with pytest.raises(InputError, match=f"row {before + 2}, field code: holds a NUL"):
        file.add(["a", "b\0c"])
