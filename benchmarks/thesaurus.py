"""Two thesauri as they install become one: a base form and its word class give other words for it.

1. WordNet: the members of a word's first synsets, in the order of its senses, for adjectives also those of similar
   synsets. MyThes: synonyms, similar terms and, last, more generic ones of its first senses.
2. What holds capitals, digits or a placeholder (`one's`) is left out, and so are the words of `CLOSED`, which a
   thesaurus knows only as letters and units; for some of them `PLAIN_SWAPS` has replacements of its own.
3. Inflected forms are found by rules and WordNet's lists of exceptions, and made by the same, the other way round.

Limits: English alone; a word's class is the one that WordNet's tagged texts know best, with the word before as a hint.
Source: WordNet 3.0 (Princeton), MyThes 7.5; Debian packages `wordnet-base` and `mythes-en-us`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

WORDNET, MYTHES = Path("/usr/share/wordnet"), Path("/usr/share/mythes/th_en_US_v2.dat")
INSTALL = "apt-get install wordnet-base mythes-en-us"
CLASSES = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
SENSES_MAX, CANDIDATES_MAX = 3, 6
SIMILAR_MAX = 2
HINT_FACTOR = 8
"""How much more a word class counts that the word before asks for."""

Form = Literal["", "s", "ed", "en", "ing"]
Key = tuple[str, str]
"""A base form and its word class."""

CLOSED = frozenset(
    "a an the this that these those i you he she it we they me him her us them my your his its our their mine yours "
    "who whom whose which what where when why how there here and or nor but yet so if then else than as at by for from "
    "in into of off on onto out over to up upon with without about above across after against along among around "
    "before behind below beneath beside between beyond down during except inside like near past since through "
    "throughout till toward towards under until via within be am is are was were been being have has had having do "
    "does did doing done can could may might must shall should will would ought not no yes all any both each every "
    "either neither few many "
    "more most much other another some such only own same too very just now also even still one two three four five "
    "six seven eight nine ten first second third once again none ever never always however because although though "
    "while whereas unless let lets s t d ll m re ve don dr mr mrs ms st etc eg ie vs per re".split()
)
PLAIN_SWAPS: Mapping[str, tuple[str, ...]] = {
    "a number of": ("several", "various"),
    "about": ("around", "concerning"),
    "according to": ("as per", "in line with"),
    "after": ("following", "subsequent to"),
    "also": ("additionally", "likewise", "as well"),
    "although": ("even though", "albeit"),
    "always": ("constantly", "invariably"),
    "another": ("one more", "a different"),
    "as well as": ("in addition to", "together with"),
    "because": ("since", "seeing that"),
    "because of": ("owing to", "on account of"),
    "before": ("prior to", "ahead of"),
    "between": ("among", "amid"),
    "both": ("the two",),
    "but": ("yet", "however"),
    "can": ("may", "could"),
    "due to": ("because of", "owing to"),
    "during": ("amid", "throughout"),
    "each": ("every", "every single"),
    "even": ("indeed", "actually"),
    "few": ("hardly any", "scarcely any"),
    "first": ("initial", "primary"),
    "for example": ("for instance", "as an illustration"),
    "however": ("nevertheless", "nonetheless", "be that as it may"),
    "if": ("in the event that", "provided that"),
    "in order to": ("so as to", "with a view to"),
    "instead of": ("rather than", "in lieu of"),
    "just": ("simply", "merely"),
    "like": ("similar to", "much the same as"),
    "many": ("numerous", "a lot of", "countless"),
    "more": ("extra", "further"),
    "most": ("the majority of", "nearly all"),
    "much": ("a great deal", "a lot"),
    "must": ("have to", "need to"),
    "never": ("at no time", "not ever"),
    "now": ("at present", "currently"),
    "one of the": ("among the",),
    "only": ("solely", "just"),
    "other": ("different", "further"),
    "over": ("across", "throughout"),
    "should": ("ought to", "need to"),
    "since": ("because", "given that"),
    "so that": ("in order that", "with the goal that"),
    "some": ("certain", "a few", "a portion of"),
    "still": ("nonetheless", "even now"),
    "such as": ("for example", "like", "including"),
    "there are": ("there exist",),
    "through": ("via", "by way of"),
    "until": ("up to the point that", "till"),
    "very": ("extremely", "exceptionally"),
    "when": ("at the point when", "whenever"),
    "while": ("whereas", "at the same time as"),
    "within": ("inside", "in the bounds of"),
    "without": ("lacking", "in the absence of"),
}
VERB_HINTS = frozenset("to will would can could may might must shall should i you we they not who".split())
NOUN_HINTS = frozenset("the a an this that his her its our their my your of no some any each every in for".split())


class MissingError(Exception):
    """What a benchmark reads is not installed; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """candidates: other words for a base form and class, the closest first. counts: how often WordNet's tagged texts
    have it. base_forms: irregular form to base form, by class. irregular: base form to irregular forms, by class."""

    candidates: Mapping[Key, Sequence[str]]
    counts: Mapping[Key, int]
    base_forms: Mapping[Key, str]
    irregular: Mapping[Key, Sequence[str]]

    def analysed(self, phrase: str, before: str) -> tuple[Key, Form] | None:
        """The base form, class and form of a word or phrase as it stands, the likeliest of those that are known."""
        found = sorted(self._analyses(phrase.split(" "), before), key=lambda one: -one[0])
        return (found[0][1], found[0][2]) if found else None

    def _analyses(self, words: list[str], before: str) -> Iterator[tuple[float, Key, Form]]:
        for word_class in "nvar":
            at = 0 if word_class == "v" else len(words) - 1
            hint = VERB_HINTS if word_class == "v" else NOUN_HINTS if word_class in "na" else frozenset()
            for base, form in self._base_forms(words[at], word_class, before):
                key = (" ".join([*words[:at], base, *words[at + 1 :]]), word_class)
                if key in self.candidates:
                    weight = (1 + self.counts.get(key, 0)) * (
                        HINT_FACTOR if before in hint and form in {"", "s"} else 1
                    )
                    yield weight, key, form

    def _base_forms(self, word: str, word_class: str, before: str) -> Iterator[tuple[str, Form]]:
        yield word, ""
        if word_class not in "nv":
            return
        irregular = self.base_forms.get((word, word_class))
        past: Form = "en" if before in PARTICIPLE_HINTS else "ed"
        if irregular:
            yield irregular, "s" if word_class == "n" else "ing" if word.endswith("ing") else past
        for ending, form, replacements in REGULAR:
            if word.endswith(ending) and len(word) > len(ending) + 2 and (word_class == "v" or form == "s"):
                stem = word.removesuffix(ending)
                for replacement in replacements:
                    yield stem + replacement, past if form == "ed" else form
                if form != "s" and stem[-1] == stem[-2]:
                    yield stem[:-1], past if form == "ed" else form

    def inflected(self, phrase: str, word_class: str, form: Form) -> str:
        """A base form, put into a form: of a phrase the first word of a verb, the last of a noun."""
        if not form:
            return phrase
        words = phrase.split(" ")
        at = 0 if word_class == "v" else -1
        words[at] = self._irregular(words[at], word_class, form) or regular(words[at], form)
        return " ".join(words)

    def _irregular(self, word: str, word_class: str, form: Form) -> str | None:
        forms = self.irregular.get((word, word_class), ())
        if word_class == "n":
            return forms[0] if forms else None
        if form in {"s", "ing"}:
            return next((one for one in forms if form == "ing" and one.endswith("ing")), None)
        past = [one for one in forms if not one.endswith("ing")]
        participles = [one for one in past if one.endswith(("n", "ne"))]
        simple = [one for one in past if one not in participles]
        return next(iter([*participles, *simple] if form == "en" else [*simple, *participles]), None)


PARTICIPLE_HINTS = frozenset("have has had having is are was were be been being get gets got".split())
REGULAR: tuple[tuple[str, Form, tuple[str, ...]], ...] = (
    ("ies", "s", ("y",)),
    ("es", "s", ("",)),
    ("s", "s", ("",)),
    ("ied", "ed", ("y",)),
    ("ed", "ed", ("", "e")),
    ("ing", "ing", ("", "e")),
)


def regular(word: str, form: Form) -> str:
    """A regular plural, third person, past or -ing form."""
    after_consonant = len(word) > 1 and word[-2] not in "aeiou"
    if form == "s":
        if word.endswith("y") and after_consonant:
            return word[:-1] + "ies"
        return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")
    if form == "ing":
        return (word[:-1] if word.endswith("e") and not word.endswith(("ee", "oe", "ye")) else word) + "ing"
    if word.endswith("y") and after_consonant:
        return word[:-1] + "ied"
    return word + ("d" if word.endswith("e") else "ed")


def load(wordnet: Path = WORDNET, mythes: Path = MYTHES) -> Thesaurus:
    """Both thesauri as one. Raises MissingError, with what to install, if one is not there."""
    for path in (wordnet / "data.noun", mythes):
        if not path.exists():
            raise MissingError(f"{path} is not there: {INSTALL}")
    merged: defaultdict[Key, list[str]] = defaultdict(list)
    for found in (wordnet_candidates(wordnet), mythes_candidates(mythes)):
        for key, words in found.items():
            # half the places for each thesaurus, so that neither drowns the other
            merged[key] += [word for word in words if word not in merged[key]][: CANDIDATES_MAX // 2]
    for phrase, replacements in PLAIN_SWAPS.items():
        merged[phrase, "r"] = list(replacements)
    base_forms, irregular = exceptions(wordnet)
    return Thesaurus(
        {key: tuple(words) for key, words in merged.items() if words}, counts(wordnet), base_forms, irregular
    )


def usable(word: str) -> bool:
    return (
        word.islower() and all(part.isalpha() for part in word.replace("-", " ").split(" ")) and word.count(" ") < 4
    ) and not {"someone", "somebody", "something", "oneself"} & set(word.split(" "))


def wordnet_candidates(folder: Path) -> dict[Key, list[str]]:
    """For each base form and class the other members of its synsets."""
    found: dict[Key, list[str]] = {}
    for name, word_class in CLASSES.items():
        members, similar = synsets(folder / f"data.{name}")
        for line in (folder / f"index.{name}").read_text(encoding="ascii").splitlines():
            if line.startswith(" "):
                continue
            fields = line.split()
            word = fields[0].replace("_", " ")
            offsets = fields[-int(fields[2]) :][:SENSES_MAX]
            near = [other for offset in offsets for other in members[offset]]
            near += [other for other in similar.get(offsets[0], ())[:SIMILAR_MAX] for other in members[other][:1]]
            if usable(word) and word not in CLOSED:
                found[word, word_class] = [other for other in dict.fromkeys(near) if usable(other) and other != word]
    return found


def synsets(path: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The members of each synset by its offset, and the offsets of the synsets that are similar to it."""
    members: dict[str, list[str]] = {}
    similar: dict[str, list[str]] = {}
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split(" | ")[0].split()
        count = int(fields[3], 16)
        members[fields[0]] = [word.split("(")[0].replace("_", " ") for word in fields[4 : 4 + 2 * count : 2]]
        pointers = fields[5 + 2 * count :]
        similar[fields[0]] = [pointers[at + 1] for at in range(0, len(pointers) - 3, 4) if pointers[at] == "&"]
    return members, similar


def mythes_candidates(path: Path) -> dict[Key, list[str]]:
    """For each base form and class its synonyms, then similar terms, then more generic ones."""
    found: dict[Key, list[str]] = {}
    lines = iter(path.read_text(encoding="utf-8").splitlines()[1:])
    for head in lines:
        word, _, senses = head.rpartition("|")
        by_class: defaultdict[str, list[list[str]]] = defaultdict(list)
        for _ in range(int(senses)):
            word_class, *terms = next(lines).split("|")
            by_class[CLASSES.get(word_class.strip("()"), "")].append(terms)
        if not usable(word) or word in CLOSED:
            continue
        for word_class, listed in by_class.items():
            terms = [term for sense in listed[:SENSES_MAX] for term in sense]
            ordered = [term for term in terms if "(" not in term]
            for mark in (" (similar term)", " (generic term)"):
                ordered += [term.removesuffix(mark) for term in terms if term.endswith(mark)][:SIMILAR_MAX]
            found[word, word_class] = [other for other in dict.fromkeys(ordered) if usable(other) and other != word]
    return found


def counts(folder: Path) -> dict[Key, int]:
    """How often each base form and class stands in the texts that WordNet was tagged on."""
    classes = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
    found: defaultdict[Key, int] = defaultdict(int)
    for line in (folder / "cntlist.rev").read_text(encoding="ascii").splitlines():
        sense, _, number = line.split()
        word, _, rest = sense.partition("%")
        if rest[0] in classes:
            found[word.replace("_", " "), classes[rest[0]]] += int(number)
    return dict(found)


def exceptions(folder: Path) -> tuple[dict[Key, str], dict[Key, tuple[str, ...]]]:
    """Irregular forms of nouns and verbs to their base forms, and the other way round."""
    base_forms: dict[Key, str] = {}
    forms: defaultdict[Key, list[str]] = defaultdict(list)
    for name in ("noun", "verb"):
        for line in (folder / f"{name}.exc").read_text(encoding="ascii").splitlines():
            form, *bases = line.split()
            base_forms[form, CLASSES[name]] = bases[0]
            forms[bases[0], CLASSES[name]].append(form)
    return base_forms, {key: tuple(found) for key, found in forms.items()}
