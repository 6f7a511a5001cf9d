"""Words that tell what does not belong to a text: phrases of page furniture, and frequent words of some languages.

Furniture is English; seven languages are told apart.
"""

from __future__ import annotations

from functools import cache

PHRASES = (
    "share on facebook", "share on twitter", "share this", "tweet this", "pin it", "email this article",
    "print this page", "leave a reply", "leave a comment", "post a comment", "your email address will not be published",
    "required fields are marked", "save my name, email", "notify me of new", "this site uses cookies", "we use cookies",
    "uses cookies to", "accept all cookies", "cookie policy", "cookie settings", "privacy policy", "terms of service",
    "terms of use", "subscribe to our newsletter", "sign up for our", "subscribe now", "skip to content",
    "skip to main content", "skip to navigation", "related articles", "related posts", "you may also like",
    "recommended for you", "read more:", "read also:", "click here to", "follow us on", "like us on facebook",
    "powered by wordpress", "all rights reserved", "back to top", "enable javascript", "javascript is disabled",
    "add to cart", "log in to", "sign in to", "advertisement\n", "loading...", "no comments yet", "view all comments",
    "previous article", "next article", "facebook twitter", "whatsapp", "this entry was posted in", "filed under:",
    "permalink", "trackback", "reply to this", "report abuse", "copy link",
)  # fmt: skip

_STOPS = {
    "English": "the and of to was for that with this from have are not you which".split(),
    "German": "der die und das nicht ist ein eine mit den von sich auch auf dem".split(),
    "French": "les des est une dans que qui pour pas sur avec sont cette aux du".split(),
    "Spanish": "los las una por con para como pero sus este entre cuando muy el del".split(),
    "Italian": "che di il per non una sono della con anche gli nel più questo dei".split(),
    "Portuguese": "não uma os com para como mais dos foi pelo seu são das ao em".split(),
    "Dutch": "het een van niet dat zijn voor met maar ook door naar aan bij hij".split(),
}
LANGUAGE_OF_STOPS: dict[str, str] = {word: name for name, words in _STOPS.items() for word in words}
PLACEHOLDER_LATIN = ("dolor", "adipiscing", "adipising", "eiusmod")
"""Words within the phrases of placeholder Latin, between blanks wherever one of these stands."""
FOREIGN_STOPS = frozenset(word for word, name in LANGUAGE_OF_STOPS.items() if name != "English")


@cache
def phrases_by_word() -> dict[str, list[str]]:
    """The phrases by the word of each that says most, as that may stand between spaces."""
    keys: dict[str, list[str]] = {}
    for phrase in PHRASES:
        words = phrase.split()
        key = max(words[:-1] or words, key=len)
        for form in (key, key.capitalize(), key.upper(), f"({key}", f"[{key}", f"[{key.capitalize()}"):
            keys.setdefault(form, []).append(phrase)
    return keys
