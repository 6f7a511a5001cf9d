"""English words become base forms, and base forms words: `utilised` is `utilise` with -ed, `use` with -ed is `used`.

Rules for regular endings, a table for irregular verbs and a few nouns. A word may have several analyses; those whose
base form is in no list of words are left out. Limits: what a rule makes is checked against the list too, since nothing
else keeps `go` from becoming `goed`; comparison (`bigger`) is left alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from dedup import language

Form = Literal["", "s", "ed", "en", "ing"]
"""Base form; plural or third person; past; past participle; present participle."""
LISTED_MIN = 1.5
"""Zipf frequency from which a word is taken for one."""

_VERBS = (
    "arise arose arisen|awake awoke awoken|be was been|bear bore borne|beat beat beaten|become became become|"
    "begin began begun|bend bent|bind bound|bite bit bitten|blow blew blown|break broke broken|bring brought|"
    "build built|buy bought|catch caught|choose chose chosen|come came come|deal dealt|dig dug|do did done|"
    "draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|"
    "fight fought|find found|flee fled|fly flew flown|forbid forbade forbidden|forget forgot forgotten|"
    "forgive forgave forgiven|freeze froze frozen|get got|give gave given|go went gone|grow grew grown|hang hung|"
    "have had|hear heard|hide hid hidden|hold held|keep kept|know knew known|lay laid|lead led|leave left|lend lent|"
    "lie lay lain|lose lost|make made|mean meant|meet met|pay paid|ride rode ridden|ring rang rung|rise rose risen|"
    "run ran run|say said|see saw seen|seek sought|sell sold|send sent|shake shook shaken|shine shone|shoot shot|"
    "show showed shown|shrink shrank shrunk|sing sang sung|sink sank sunk|sit sat|sleep slept|slide slid|"
    "speak spoke spoken|spend spent|spin spun|stand stood|steal stole stolen|stick stuck|strike struck|"
    "swear swore sworn|swim swam swum|swing swung|take took taken|teach taught|tear tore torn|tell told|"
    "think thought|throw threw thrown|undergo underwent undergone|understand understood|undertake undertook undertaken|"
    "wake woke woken|wear wore worn|weave wove woven|weep wept|win won|wind wound|withdraw withdrew withdrawn|"
    "write wrote written|cut cut|hit hit|hurt hurt|let let|put put|set set|shut shut|spread spread|read read|cost cost"
)
_THIRD = "be is|have has|do does|go goes"
_NOUNS = "man men|woman women|child children|person people|foot feet|tooth teeth|mouse mice|life lives|"
_NOUNS += "wife wives|half halves"
_ENDINGS: tuple[tuple[str, Form, tuple[str, ...]], ...] = (
    ("ies", "s", ("y",)), ("es", "s", ("", "e")), ("s", "s", ("",)),
    ("ied", "ed", ("y",)), ("ed", "ed", ("", "e")), ("ing", "ing", ("", "e")),
)  # fmt: skip
_DOUBLED = frozenset("bdgklmnprtz")
_VOWELS = frozenset("aeiou")


def _irregular() -> tuple[dict[tuple[str, Form], str], dict[str, list[tuple[str, Form]]]]:
    """Forms by base form and ending, and the other way round."""
    made: dict[tuple[str, Form], str] = {}
    for line in _VERBS.split("|"):
        base, past, *participle = line.split()
        made[base, "ed"], made[base, "en"] = past, participle[0] if participle else past
    made.update({(one, "s"): many for one, many in (line.split() for line in f"{_THIRD}|{_NOUNS}".split("|"))})
    made["be", "ing"] = "being"
    bases: dict[str, list[tuple[str, Form]]] = {}
    for (base, form), word in made.items():
        bases.setdefault(word, []).append((base, form))
    return made, bases


_MADE, _BASES = _irregular()


@lru_cache(maxsize=1 << 16)
def analyses(word: str) -> tuple[tuple[str, Form], ...]:
    """The base forms and endings that a word may be made of, itself first; a regular -ed is also a participle."""
    found: list[tuple[str, Form]] = [(word, ""), *_BASES.get(word, ())]
    for ending, form, stems in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest == word or len(rest) < 2:
            continue
        bases = [rest + stem for stem in stems]
        if form != "s" and len(rest) > 2 and rest[-1] == rest[-2] and rest[-1] in _DOUBLED:
            bases.append(rest[:-1])
        for base in bases:
            if language.frequency(base) >= LISTED_MIN and inflected(base, form) == word:
                found.append((base, form))
                if form == "ed":
                    found.append((base, "en"))
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def inflected(base: str, form: Form) -> str | None:
    """The form of a word, or None if what the rules make is no word that is known."""
    if not form:
        return base
    made = _MADE.get((base, form)) or _regular(base, form)
    return made if language.frequency(made) >= LISTED_MIN else None


def _regular(base: str, form: Form) -> str:
    if form == "s":
        if base.endswith(("s", "x", "z", "ch", "sh")):
            return f"{base}es"
        return f"{base[:-1]}ies" if base.endswith("y") and base[-2:-1] not in _VOWELS else f"{base}s"
    ending = "ing" if form == "ing" else "ed"
    if base.endswith("e"):
        kept = base.endswith(("ee", "oe", "ye")) and ending == "ing"
        return base + ending if kept else base[:-1] + ending
    if base.endswith("y") and base[-2:-1] not in _VOWELS and ending == "ed":
        return f"{base[:-1]}ied"
    closed = len(base) > 2 and base[-1] in _DOUBLED and base[-2] in _VOWELS and base[-3] not in _VOWELS
    single = sum(letter in _VOWELS for letter in base) == 1
    doubled = f"{base}{base[-1]}{ending}"
    if closed and (single or language.frequency(doubled) > language.frequency(base + ending)):
        return doubled
    return base + ending
