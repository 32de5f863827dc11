"""Lessons and sentences: both languages say the same things, and each of them is said somewhere."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import pytest

from gptviz import text
from gptviz.paths import PACKAGE, app_file, asset
from gptviz.text import LANGUAGES, VALUE, file, lesson, say, sections, table

STOPS = sorted(path.stem for path in asset("text", "en").glob("*.md"))
HOLE = r"\$?\{(?:[^{}]|\{[^{}]*\})*\}"  # of an f-string, or of a template in JavaScript


def code(*files) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def page_of(stop: str):
    return app_file().parent / "pages" / f"{stop}.py"


def scripts_of(stop: str):
    return [path for folder in (stop, "kit") for path in (PACKAGE / "views" / folder).glob("*.js")]


@cache
def words() -> set[str]:
    """Whatever may be put into a hole: names in the code, and in the data that comes with it."""
    named = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js"), *page_of("").parent.glob("*.py"), *asset().glob("*.toml")]
    return set(re.findall(r"\w+", code(*named)))


def is_built(key: str, templates: set[str]) -> bool:
    """Whether a template of the code, with words of the code in its holes, makes this key."""
    for template in templates:
        fixed = [re.escape(part) for part in re.split(f"(?:{HOLE})+", template)]
        built = re.fullmatch(r"(\w+)".join(fixed), key)
        if built and all(word in words() or words().issuperset(word.split("_")) for word in built.groups()):
            return True
    return False


@pytest.mark.parametrize("stop", STOPS)
def test_every_sentence_of_a_stop_is_said_and_every_one_said_exists(stop):
    keys = file("en", stop).keys()
    families = "|".join({key.split(".")[0] for key in keys if "." in key})
    in_browser = re.findall(rf'"((?:{families})\.\w+)"', code(*scripts_of(stop)))
    assert not set(in_browser) - keys
    own = code(
        page_of(stop), *scripts_of(stop), *(PACKAGE / "ui").glob("*.py"), *(PACKAGE / "views" / stop).glob("*.py")
    )
    literals = set(re.findall(rf"[\"'`]((?:[\w.]|{HOLE})+)[\"'`]", own))
    of_any_stop = {re.sub(rf"^{HOLE}\.(?=[a-z_]+\.)", "", it) for it in literals}
    templates = {it for it in of_any_stop if re.search(HOLE, it) and re.search(r"[a-z]", re.sub(HOLE, "", it))}
    assert not {key for key in keys - literals if not is_built(key, templates)}


@pytest.mark.parametrize("stop", STOPS)
def test_every_section_of_a_lesson_is_said_and_every_one_said_exists(stop):
    own = code(page_of(stop))
    quoted = set(re.findall(r'"(\w+)"', own))
    assert set(re.findall(r'\.lesson\(\s*"(\w+)"', own)) <= sections("en", stop).keys()
    assert {name.removesuffix("_letters") for name in sections("en", stop)} <= quoted


def placeholders(template: str) -> set[str]:
    return set(VALUE.findall(template))


def test_both_languages_have_the_same_sentences():
    english, chinese = table("en"), table("zh")
    assert english.keys() == chinese.keys()
    assert all(sentence.strip() for sentence in (*english.values(), *chinese.values()))
    assert not [key for key in english if placeholders(english[key]) != placeholders(chinese[key])]


def test_both_languages_have_the_same_lessons():
    names = {language: {path.name for path in asset("text", language).iterdir()} for language in LANGUAGES}
    assert names["en"] == names["zh"]
    for stop in STOPS:
        english, chinese = (
            {section: placeholders(body) for section, body in sections(language, stop).items()}
            for language in LANGUAGES
        )
        assert english == chinese, stop


def kind_of(character: str) -> str:
    """As CommonMark sees it: space, punctuation, or anything else."""
    if not character or character.isspace():
        return " "
    return "." if unicodedata.category(character)[0] in "PS" else "a"


@pytest.mark.parametrize("language", LANGUAGES)
def test_bold_words_are_bold(language):
    """Where Chinese has no spaces, two stars between a full stop and a character stay two stars (CommonMark, 6.2)."""
    lessons = [line for stop in STOPS for body in sections(language, stop).values() for line in body.splitlines()]
    for line in [*table(language).values(), *lessons]:
        for number, stars in enumerate(re.finditer(r"\*\*", line)):
            before, after = (kind_of(line[at : at + 1]) for at in (stars.start() - 1, stars.end()))
            if stars.start() == 0:
                before = " "
            inside, outside = (before, after) if number % 2 else (after, before)
            assert inside != " " and (inside == "a" or outside != "a"), line


def test_no_placeholder_is_left_in_single_braces():
    for language in LANGUAGES:
        for key, sentence in table(language).items():
            assert not re.search(r"(?<![{_^])\{(?!\{)", sentence), key


def test_double_braces_take_values_and_single_ones_are_left_alone(monkeypatch):
    monkeypatch.setattr(text, "sections", lambda language, stop: {"open": r"$\sqrt{{{d}}}^{2}$ with d = {{d}}"})
    assert lesson("en", "attention", "open", d=64) == r"$\sqrt{64}^{2}$ with d = 64"
    monkeypatch.setattr(text, "table", lambda language: {"mlp.up": "{{x}} of $W_{up}$", "mlp.x": "{{y}}"})
    assert say("en", "mlp.up", x="{{x}}") == "{{x}} of $W_{up}$", "what was filled in is not filled again"
    for missing in (lambda: lesson("en", "attention", "open"), lambda: say("en", "mlp.x"), lambda: say("en", "mlp.y")):
        with pytest.raises(KeyError):
            missing()
