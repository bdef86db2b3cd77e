import re

import pytest

from gisapp.words import LANGUAGES, catalog, language_of, word


def test_every_language_has_the_same_keys_and_placeholders():
    base = catalog("en")
    for language in LANGUAGES:
        words = catalog(language)
        assert set(words) == set(base), language
        for key, text in words.items():
            assert text, (language, key)
            assert set(re.findall(r"{(\w+)", text)) == set(re.findall(r"{(\w+)", base[key])), (language, key)


def test_traditional_uses_the_words_of_the_glossary():
    text = " ".join(catalog("zh-Hant").values())
    assert "用戶" in text
    for wrong in ("使用者", "排程", "网", "户", "阀"):
        assert wrong not in text


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (["zh-TW"], "zh-Hant"),
        (["zh-HK", "en"], "zh-Hant"),
        (["zh-CN"], "zh-Hans"),
        (["zh"], "zh-Hans"),
        (["fr", "en-GB"], "en"),
        (["xx-bad-tag-"], "en"),
        ([], "en"),
    ],
)
def test_the_browser_wish_chooses_the_language(wanted, language):
    assert language_of(wanted) == language


def test_a_missing_key_is_a_fault():
    with pytest.raises(KeyError):
        word("field.nothing", "en")
