"""What is drawn on the map becomes a change, is saved once, told with figures, undone, or refused in words."""

import re
from pathlib import Path

import pandas as pd
import pytest
from squares import CORNERS, HOUSEHOLDS, quarters, text_of

from dashboards.access import Permission
from dashboards.map import place_on_map
from dashboards.planner.editing import since
from dashboards.planner.proposing import Searches
from dashboards.planner.told import conflict_told, kind_word, refusal_told
from dashboards.planner.writing import edited, write
from gisapp.errors import ConflictError, RefusedEdit
from gisapp.grids import edits
from gisapp.words import LANGUAGES, catalog, word

X, Y = CORNERS["G1"]


@pytest.fixture
def code(drafts):
    return write({"do": "new", "plan": "", "name": "新"}, drafts, Searches(), who="P1", needs=Permission.GRIDS_EDIT)


def degrees(drafts, *points):
    """Return places in metres from the south-west of G1 as the map sends them."""
    return [list(place_on_map(X + x, Y + y, drafts.snapshot.store.crs)) for x, y in points]


def drawn(drafts, code, **edit):
    """Save an edit of the version that stands now; return the words told and the version saved."""
    deed = {"do": "edit", "plan": code, **drafts.of(code).mark, **edit}
    told, saved = edited(deed, drafts, Searches(), "en", who="P1")
    return text_of(told), saved


def around(drafts, west, south, east, north):
    return degrees(drafts, (west, south), (east, south), (east, north), (west, north))


def grids_of(drafts, code):
    plan = drafts.of(code).plan
    return dict(zip(plan.unit, plan.grid, strict=True))


def test_a_lasso_gives_whole_units_to_the_chosen_grid_and_tells_both_before_and_after(drafts, code):
    told, saved = drawn(drafts, code, kind="assign", to="G2", line=around(drafts, 400, -50, 1050, 520))
    assert grids_of(drafts, code)["G1-2"] == "G2"
    assert saved["version"] == 2
    assert saved["steps"] == 1
    assert word("planner.did_assign", "en") in told
    assert "100 → 100" in told
    assert set(grids_of(drafts, code)) == set(quarters()["code"])


def test_a_lasso_that_cuts_divides_the_units_it_crosses(drafts, code):
    drawn(drafts, code, kind="assign", to="G2", cut=True, line=around(drafts, 700, -50, 1050, 1050))
    held = grids_of(drafts, code)
    assert {unit for unit in held if unit.startswith("G1") and "." in unit} == {
        "G1-2.001",
        "G1-2.002",
        "G1-4.001",
        "G1-4.002",
    }
    assert sorted(held[f"G1-2.00{at}"] for at in (1, 2)) == ["G1", "G2"]


def test_a_lasso_whose_line_crosses_itself_means_all_that_is_inside(drafts, code):
    loop = degrees(drafts, (450, -50), (1050, -50), (1050, 520), (990, 560), (990, 500), (1060, 540), (450, 520))
    drawn(drafts, code, kind="assign", to="G2", line=loop)
    assert grids_of(drafts, code)["G1-2"] == "G2"


def test_a_split_takes_the_grid_that_the_line_crosses_and_the_next_free_code(drafts, code):
    told, _ = drawn(drafts, code, kind="split", line=degrees(drafts, (-50, 500), (1100, 510)))
    assert "G5" in grids_of(drafts, code).values()
    assert word("planner.did_split", "en") in told
    assert "– →" in told  # the new grid had nothing


def test_a_corner_that_is_dragged_takes_its_borders_with_it(drafts, code):
    middle, to = degrees(drafts, (1000, 1000), (1080, 1060))
    held = degrees(drafts, (1000, 0), (0, 1000), (2000, 1000), (1000, 2000))
    drawn(drafts, code, kind="drag", moves=[[middle, to]], held=held)
    grids = drafts.of(code).load.grids.set_index("code").geometry
    assert grids["G1"].area == pytest.approx(1_070_000, rel=1e-4)
    assert sum(grids.area) == pytest.approx(4_000_000)


def test_a_grid_that_would_be_swallowed_is_asked_about_first(drafts, code):
    over_g1 = around(drafts, -50, -50, 1050, 1050)
    _, asked = drawn(drafts, code, kind="assign", to="G2", line=over_g1)
    assert "G1" in asked["words"]
    assert drafts.of(code).draft.version == 1
    edited({**asked["edit"], "sure": True}, drafts, Searches(), "en", who="P1")
    assert set(grids_of(drafts, code).values()) == {"G2", "G3", "G4"}


def test_undo_and_redo_go_to_any_step_and_the_figures_follow(drafts, code):
    first = drafts.of(code).figures
    drawn(drafts, code, kind="merge", grid="G3", to="G1")
    drawn(drafts, code, kind="merge", grid="G4", to="G2")
    last = drafts.of(code).figures
    told, saved = drawn(drafts, code, do="to", position=0)
    assert word("planner.undone", "en", count=2) in told
    assert (saved["steps"], saved["undone"]) == (0, 2)
    pd.testing.assert_frame_equal(drafts.of(code).figures, first)
    drawn(drafts, code, do="to", position=2)
    pd.testing.assert_frame_equal(drafts.of(code).figures, last)
    assert drafts.of(code).rows["households"].sum() == sum(HOUSEHOLDS.values())


def test_a_locked_grid_keeps_its_units_until_it_is_unlocked(drafts, code):
    drawn(drafts, code, do="lock", grids=["G1"])
    with pytest.raises(RefusedEdit, match="grid G1 is locked") as refused:
        drawn(drafts, code, kind="merge", grid="G1", to="G2")
    assert word("planner.refused_locked", "en", grid="G1") in text_of(refusal_told(refused.value, "en"))
    assert drafts.of(code).mark["locked"] == ["G1"]
    drawn(drafts, code, do="lock", grids=[])
    drawn(drafts, code, kind="merge", grid="G1", to="G2")


def test_a_save_from_an_old_version_is_refused_and_tells_what_others_did(drafts, code):
    old = drafts.of(code).mark
    drawn(drafts, code, kind="merge", grid="G3", to="G1")
    with pytest.raises(ConflictError):
        drawn(drafts, code, kind="merge", grid="G4", to="G2", version=old["version"])
    rows = since(drafts.of(code), drafts, old["steps"])
    told = text_of(conflict_told(rows, drafts.snapshot.store.zone, "en"))
    assert f"P1 · {word('planner.did_merge', 'en')} · G1, G3" in told
    assert "G4" in grids_of(drafts, code).values()


@pytest.mark.parametrize(
    ("kind", "edit"),
    [
        ("nothing", {"kind": "assign", "to": "G2", "line": [(10, 10), (60, 10), (60, 60)]}),
        ("empty", {"kind": "assign", "to": "G2", "line": [(10, 10), (60, 10), (10, 10)]}),
        ("empty", {"kind": "draw", "line": [(10, 10)]}),
        ("no_cut", {"kind": "split", "line": [(400, 500), (600, 500)]}),
        ("no_line", {"kind": "split", "line": [(400, 500)]}),
        ("itself", {"kind": "merge", "grid": "G1", "to": "G1"}),
        ("parts", {"kind": "merge", "grid": "G1", "to": "G4"}),
        ("outer", {"kind": "drag", "moves": [[(0, 0), (90, 90)]], "held": [(0, 1000), (1000, 0)]}),
        ("crossing", {"kind": "drag", "moves": [[(1000, 1000), (1900, 2600)]], "held": [(1000, 0), (0, 1000)]}),
        ("no_corner", {"kind": "drag", "moves": [[(250, 250), (300, 300)]], "held": []}),
    ],
)
def test_an_edit_that_may_not_stand_is_refused_and_the_draft_is_as_it_was(drafts, code, kind, edit):
    edit = dict(edit)
    for name in ("line", "held"):
        if name in edit:
            edit[name] = degrees(drafts, *edit[name])
    if "moves" in edit:
        edit["moves"] = [degrees(drafts, *move) for move in edit["moves"]]
    before = drafts.of(code).plan.digest()
    with pytest.raises(RefusedEdit) as refused:
        drawn(drafts, code, **edit)
    assert refused.value.kind == kind
    assert drafts.of(code).plan.digest() == before
    assert drafts.snapshot.store.plans.load(code).version == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_to_refuse_an_edit_has_its_words(language):
    rooms = Path(edits.__file__).parent
    kinds = {
        kind for file in rooms.glob("*.py") for kind in re.findall(r'RefusedEdit\(\s*"(\w+)"', file.read_text("utf-8"))
    }
    assert len(kinds) > 10
    assert not {kind for kind in kinds if f"planner.refused_{kind}" not in catalog(language)}
    assert kind_word("enclave", language) != "enclave"


def test_a_bridge_is_drawn_kept_and_taken_away_by_the_same_line(drafts, code):
    apart = degrees(drafts, (500, 500), (1500, 1500))

    def joined(line):
        deed = {"do": "bridge", "plan": code, **drafts.of(code).mark, "line": line}
        return text_of(edited(deed, drafts, Searches(), "en", who="P1")[0])

    assert "hang together now" in joined(apart)
    ((one, other),) = drafts.snapshot.store.plans.load(code).plan.bridges
    assert {one[:2], other[:2]} <= set(HOUSEHOLDS)
    assert "no longer hang together" in joined(apart[::-1])
    assert drafts.of(code).plan.bridges == ()
    with pytest.raises(RefusedEdit, match="touch"):
        joined(degrees(drafts, (500, 500), (510, 500)))
