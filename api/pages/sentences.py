"""Sentences that are kept with suggestions (:mod:`shared.domain.reasons`), flags (:mod:`workers.flags`) and the marks
of whoever is left (:mod:`api.running`), in the language of the reader.

They are evidence, kept and hashed as they were written, in English; here they are recognised and said again.
"""

import re
from functools import cache

from api.pages.texts import Language


def _(message: str) -> str:
    """For the catalogue; translated when it is said."""
    return message


SENTENCES = (
    _("Nobody connected to this session, so there is nothing to compare with"),
    _("Never connected, while others did"),
    _("The session is not completed; at most medium confidence until then"),
    _("No whiteboard data available. Please mark attendance manually."),
    _("There is no session time to judge yet; please mark attendance manually."),
    _("Nobody connected to this session; find out whether it took place before marking anybody."),
    _("Checked in at %(time)s UTC as %(mark)s; an accepted check-in decides"),
    _("Connected for %(share)s %% of the time; absent below %(low)s %%, surely below %(half)s %%"),
    _("Connected for %(share)s %% of the time; absent below %(low)s %%, surely only below %(half)s %%"),
    _("Connected %(minutes)s min after the start; very late after %(limit)s min"),
    _("Connected for %(share)s %% of the time; when very late, absent below %(limit)s %%"),
    _("Connected for %(share)s %% of the time; when very late, late rather than absent from %(limit)s %%"),
    _("Connected %(minutes)s min after the start; late after %(limit)s min"),
    _("Connected %(minutes)s min after the start; on time up to %(limit)s min"),
    _("Connected for %(share)s %% of the time; high confidence above %(high)s %%"),
    _("Connected for %(share)s %% of the time; medium confidence from %(medium)s to %(high)s %%"),
    _("Connected for %(share)s %% of the time; low confidence below %(medium)s %%"),
    _("Only %(minutes)s min of this session count; low confidence below %(limit)s min"),
    _("Connected %(times)s times; one level less confident above %(most)s"),
    _(
        "The session is not completed; so far %(present)s present, %(late)s late, %(absent)s absent, so decide when it "
        "has ended."
    ),
    _("All 1 suggestion of high confidence; accept after a look at the reasons."),
    _("All %(sure)s suggestions of high confidence; accept after a look at the reasons."),
    _("No suggestion is of high confidence; look at the reasons of 1 suggestion one by one."),
    _("No suggestion is of high confidence; look at the reasons of %(unsure)s suggestions one by one."),
    _("Accept the 1 suggestion of high confidence, and look at the reasons of the other %(unsure)s."),
    _("Accept the %(sure)s suggestions of high confidence, and look at the reasons of the other %(unsure)s."),
    _("Up to %(metres)s m from the centre, which is outside the fence"),
    _("The phone did not say where it was"),
    _("Came from outside the campus networks"),
    _("Checked in on the same device as %(people)s"),
    _("%(hits)s of %(of)s codes came after their step had ended"),
    _("One of %(hits)s who used the same code after its step had ended, of %(of)s"),
    _("Right after the same other student in %(hits)s of %(of)s sessions"),
    _("ended with the rest marked absent"),
)
MARKS = {"present": _("present"), "late": _("late")}
_NUMBER = r"[0-9][0-9.:eE-]*"
"""Or a time of day."""
_VALUES = {"mark": "|".join(MARKS), "people": ".+"}
"""What else may stand for a name in a sentence."""


def in_words_of(language: Language, sentence: str) -> str:
    """The sentence in this language; one that is not known here, of an older version perhaps, stays as it is."""
    say = language.translations.gettext
    for message in SENTENCES:
        if found := _pattern(message).fullmatch(sentence):
            return say(message) % {name: _value(language, name, value) for name, value in found.groupdict().items()}
    return sentence


def _value(language: Language, name: str, value: str) -> str:
    if name == "mark":
        return language.translations.gettext(MARKS[value])
    return value if name in _VALUES else value.replace(".", language.point)


@cache
def _pattern(message: str) -> re.Pattern[str]:
    """What the message looks like with values in it."""
    parts = re.split(r"%\((\w+)\)s", message)
    text = [re.escape(part.replace("%%", "%")) for part in parts[::2]]
    values = [f"(?P<{name}>{_VALUES.get(name, _NUMBER)})" for name in parts[1::2]]
    return re.compile("".join(a + b for a, b in zip(text, [*values, ""], strict=True)))
