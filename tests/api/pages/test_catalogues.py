"""Every language that is offered says everything that the pages say, with the same values in it."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from api.pages.texts import LANGUAGES, LOCALES
from deploy.texts import said

CATALOGUES = sorted(LOCALES.glob("*.po"))
VALUE = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}")
SAID = said()


@pytest.fixture(params=CATALOGUES, ids=lambda path: path.stem)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    """What a language has."""
    with request.param.open("rb") as written:
        return read_po(written, locale=request.param.stem)


def forms(message: Message) -> list[str]:
    """What is said: once, or once for every form of a plural."""
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string or ""]


def english(message: Message) -> str:
    """What it says in English, with every value that there may be."""
    return message.id if isinstance(message.id, str) else message.id[1]


def test_every_language_but_english_has_a_catalogue() -> None:
    assert {path.stem for path in CATALOGUES} == set(LANGUAGES) - {"en"}


def test_it_has_what_the_pages_say_and_nothing_else(catalogue: Catalog) -> None:
    """``make texts`` brings it up to date."""
    there, needed = ({(message.context, message.id) for message in each if message.id} for each in (catalogue, SAID))
    assert there == needed
    assert len(needed) > 500


def test_everything_is_translated(catalogue: Catalog) -> None:
    for message in catalogue:
        assert all(forms(message)), f"nothing for {message.id}"
        assert not message.fuzzy or not message.id, f"unsure about {message.id}"
        assert not message.pluralizable or len(forms(message)) == catalogue.num_plurals, message.id


def test_translations_have_the_values_of_the_original(catalogue: Catalog) -> None:
    """A name that is missing or wrong would be a page that fails, or a number nobody sees."""
    for message in catalogue:
        for translated in forms(message) if message.id else ():
            assert sorted(VALUE.findall(translated)) == sorted(VALUE.findall(english(message))), translated
            assert "%" not in VALUE.sub("", translated), f"a stray %: {translated}"


def test_translations_hold_no_markup(catalogue: Catalog) -> None:
    """A template trusts its texts as it trusts itself: in them a straight quote would end an attribute."""
    assert not [message.id for message in catalogue if message.id and re.search(r'[<>&"]', "".join(forms(message)))]


def test_the_keys_of_the_roll_are_five_letters(catalogue: Catalog) -> None:
    keys = [str(message.string) for message in catalogue if message.context == "key"]
    assert len(set(keys)) == len(keys) == 5
    assert all(len(key) == 1 and key.isupper() for key in keys)
    (hint,) = [str(message.string) for message in catalogue if "P, L, A and E mark" in message.id]
    assert set(keys) <= set(re.findall(r"\b[A-Z]\b", hint))
