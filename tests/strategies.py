"""Texts to test with: hostile strings for the exact laws, and seeded prose, spun, noised and moved about, for the rest.

Every sentence is made here from word lists of our own, so that a test knows what was changed.
"""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

SPINNER = {
    "big": "sizeable", "small": "diminutive", "old": "aged", "new": "novel", "house": "abode", "road": "thoroughfare",
    "quickly": "speedily", "often": "oftentimes", "people": "folks", "children": "youngsters", "help": "succour",
    "use": "utilise",
    "begin": "commence", "buy": "procure", "show": "exhibit", "need": "necessitate", "money": "monies",
    "work": "toil", "problem": "conundrum", "important": "momentous", "city": "metropolis", "water": "aqua",
    "because": "on account of", "before": "prior to", "every day": "on a daily basis", "think": "opine",
    "answer": "riposte", "food": "victuals", "doctor": "medico", "market": "bazaar", "large": "sizable",
}  # fmt: skip
"""What our own little spinner puts for a plain word or phrase: stiffer, rarer, and never shorter in sense."""

_WHO = (
    "the old baker", "a young farmer", "the people of the village", "our new doctor",
    "many children", "the small council",
    "her large family", "a clever engineer", "the tired teacher", "some students from the city", "the harbour master",
    "his younger sister", "every honest carpenter", "two retired sailors", "the market women", "a careful librarian",
)  # fmt: skip
_DOES = (
    "will often buy", "began to repair", "may need to show", "could not think about", "walked slowly past",
    "wants to use", "quietly carried home", "forgot to answer", "decided to paint", "will help to build",
    "sold without regret", "described in great detail", "measured twice", "begin to understand", "praised",
    "photographed", "kept asking for", "hid behind",
)  # fmt: skip
_WHAT = (
    "the big house by the river", "a bag of warm bread", "the important problem of water", "an empty wooden boat",
    "some money for the road", "the long letter from abroad", "a pair of yellow boots", "the broken tower clock",
    "fresh food for the winter", "an answer to that question", "the work of three summers",
    "a map of the northern coast",
    "nine jars of honey", "the new bridge near the mill", "a small orchard on the hill", "their grandmother's piano",
)  # fmt: skip
_WHEN = (
    "every day", "before the rain", "because of the cold", "on Thursday evening", "quickly", "after a short silence",
    "during the harvest", "when nobody was watching", "in the middle of June", "with great patience", "once again",
    "as soon as the snow was gone", "for almost no money", "while the market was closed",
)  # fmt: skip
_RARE = (
    "Ostrava", "Quimper", "Telemark", "Wendover", "Kettering", "Brindisi", "lighthouse", "saffron",
    "walnut", "gravel",
    "pelican", "quartz", "turnip", "velvet", "wicker", "zinc", "juniper", "mandolin", "ferret", "obelisk", "parsnip",
    "tarpaulin", "bellows", "cobalt", "dulcimer", "ermine", "flagstone", "gherkin", "heron",
    "icicle", "kestrel", "lichen",
)  # fmt: skip

PARAGRAPHS = (
    "Beekeepers open a hive only when the day is mild, for the brood must not be chilled. They lift each frame, look "
    "for the queen, and judge by the weight of the combs whether the colony will live through the winter.",
    "A bridge of stone stands by pressing its own weight sideways into the banks. Once the last wedge is driven home "
    "the wooden frame beneath can be struck, and every cart that crosses only makes the arch sit tighter.",
    "My aunt taught arithmetic with dried beans. If a pupil lost count she would never say so; she took one bean away, "
    "waited, and let the silence do the correcting. Most of us can still add faster than we can explain.",
    "Night trains smell of oranges and wet wool. Somebody always knows the next stop by heart, somebody else has never "
    "left home before, and the conductor, who has seen both a thousand times, punches their tickets alike.",
)
"""Four paragraphs on four matters, that have nothing but the commonest words in common."""


def sentence(chance: Random) -> str:
    """One sentence of some fifteen words."""
    rare = chance.sample(_RARE, 2)
    number = chance.randint(2, 999)
    words = f"{chance.choice(_WHO)} {chance.choice(_DOES)} {chance.choice(_WHAT)} {chance.choice(_WHEN)}"
    tail = chance.choice((f"near {rare[0]}", f"with {number} pieces of {rare[0]}", f"like a {rare[0]} in {rare[1]}"))
    return f"{words[0].upper()}{words[1:]}, {tail}."


def article(seed: int, sentences: int = 24, paragraph: int = 4) -> str:
    """Prose of `sentences` sentences, always the same for the same seed."""
    chance = Random(seed)
    made = [sentence(chance) for _ in range(sentences)]
    return "\n\n".join(" ".join(made[at : at + paragraph]) for at in range(0, sentences, paragraph)) + "\n"


def spun(text: str, seed: int = 0, rate: float = 1.0) -> str:
    """`text` with the words that our spinner knows replaced, each with the probability `rate`."""
    chance = Random(seed)
    for plain, stiff in SPINNER.items():
        parts = text.split(f" {plain} ")
        text = parts[0] + "".join(f" {stiff if chance.random() < rate else plain} {part}" for part in parts[1:])
    return text


def noised(text: str, seed: int = 0, rate: float = 0.15) -> str:
    """`text` with one inner letter of a share `rate` of its longer words swapped for another,
    as poor scanning does."""
    chance = Random(seed)
    words = text.split(" ")
    for at, word in enumerate(words):
        if len(word) >= 5 and word.isalpha() and chance.random() < rate:
            spot = chance.randrange(1, len(word) - 1)
            words[at] = f"{word[:spot]}{chance.choice('xqzvkj')}{word[spot + 1 :]}"
    return " ".join(words)


_HOSTILE = st.sampled_from(
    [*"ab, .'’-\n\r\t", "É", "e\u0301", "\u00ad", "\u200b", "ß", "ﬁ", "½", "漢", "字", "ก", "\u0e33", "İ", "ı", "Å",
     "\ufeff", "\ud800", "𝕏", "\u2028", "\x00", "\ufffd", "👩‍🌾", "٣", "â€™", "Ã©", "Â ", "the ", "of ", "navy ",
     "military ", "it's ", "it is ", "THE "]
)  # fmt: skip

hostile_texts: st.SearchStrategy[str] = st.one_of(
    st.lists(_HOSTILE, max_size=50).map("".join), st.text(max_size=40), st.sampled_from(["", "\n", "\n\n\n", " "])
)


@st.composite
def edited_pairs(draw: st.DrawFn) -> tuple[str, str]:
    """An article and what someone made of it: sentences dropped, added, moved, words replaced,
    hostile bits put in."""
    chance = Random(draw(st.integers(0, 10_000)))
    text = article(chance.randrange(1000), draw(st.integers(1, 16)))
    other = spun(text, chance.randrange(1000), draw(st.sampled_from((0.0, 0.3, 1.0))))
    parts = other.split(". ")
    for kind in draw(st.lists(st.sampled_from("dimhnu"), max_size=5)):
        at = chance.randrange(len(parts) + 1)
        if kind == "i":
            parts.insert(at, sentence(chance))
        elif kind == "h":
            parts.insert(at, draw(hostile_texts))
        elif kind == "n" and parts:
            parts[at % len(parts)] = noised(parts[at % len(parts)], at, 0.5)
        elif kind == "u" and parts:
            parts[at % len(parts)] = parts[at % len(parts)].upper()
        elif parts:
            moved = parts.pop(at % len(parts))
            if kind == "m":
                parts.insert(chance.randrange(len(parts) + 1), moved)
    return text, ". ".join(parts)
