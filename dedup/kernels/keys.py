"""Sketches become keys of an index, keys a sorted column of postings, and keys looked up in columns postings.

1. `collect` makes a word of every key of every document of a batch but its terms (see `lists`): 40 bits of the key, its
   channel, and the document. The caller sorts them.
2. `lay_out` makes of sorted words a column: postings `rest << 32 | number`, in buckets by the first bits of the key,
   where each bucket begins, and a sieve: 32 bits a bucket, of which each key sets three. `admit` lets its keys
   through a sieve of several columns. `gather` takes a range of keys out of a column, so that several are sorted into
   one.
3. `suspected` leaves of sorted words those that the sieve of a column does not exclude: of the others, most of a new
   document's, nothing but the sieve is read. `probe` looks them up: where the postings of each key are, and how many.
4. `page_sums` tells the checksum of each page of a file; `suspected` and `probe` ask it of every page that they read
   for the first time.

Limits: a batch has less than 2**22 documents; two keys are one with probability 2**-40, which costs a comparison. The
finaliser is that of MurmurHash3 (A. Appleby); pages are summed in four chains of the steps of `join.digests`.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.shingles import fmix64
from dedup.kernels.simd import U64, I64s, U8s, U32s, U64s, inlined, inner, kernel, load64, prefetch

KEY_BITS = 40
BAND, PASSAGE, NAME = range(3)
"""Channels of a key; NAME is that of ids and of digests of whole texts. Terms have lists of their own (`lists`)."""
DOCUMENTS_MAX = 1 << 22
RANGE_BITS = 8
"""First bits of a key by which columns are merged, a range at a time: what is left of it has 32."""
BITS_MIN = RANGE_BITS + 1
"""Least first bits by which a column has buckets: the others are then shifted by less than a word."""
PAGE_BYTES = 4096
AHEAD = 16
"""Words that are asked for in memory before they are looked up."""

_KEY_SHIFT, _CHANNEL_SHIFT, _NUMBER_SHIFT = U64(24), U64(22), U64(32)
_DOCUMENT, _CHANNEL, _LOW = U64((1 << 22) - 1), U64(3), U64(0xFFFFFFFF)
_SALT, _FACTOR, _ONE = U64(0x9E3779B97F4A7C15), U64(0xFF51AFD7ED558CCD), U64(1)
_SHORT = 16  # postings of a bucket that are gone through one by one


@inlined
def _word(value: U64, salt: int, channel: int, document: int) -> U64:
    key = fmix64(value + U64(salt + 1) * _SALT) >> _KEY_SHIFT
    return key << _KEY_SHIFT | U64(channel) << _CHANNEL_SHIFT | U64(document)


@kernel
def names(values: U64s, salt: int, words: U64s) -> None:
    """The words of values of the channel NAME, the document being the place. salt: 3 for ids, 4 for digests."""
    for place in range(len(values)):
        words[place] = _word(values[place], salt, NAME, place)


@kernel
def collect(
    standing: U8s, bands: U32s, shingles: U64s, shingle_counts: I64s, words: U64s
) -> int:  # fmt: skip
    """The words of the documents of a batch in the channels BAND and PASSAGE: how many.

    standing: (n,) 0 for a document that is left out. bands: (b, n). shingles: one behind another, shingle_counts[n] of
    each. words: out.
    """
    documents = len(standing)
    if bands.shape[1] != documents or len(shingle_counts) < documents:
        raise ValueError("arrays do not fit each other")
    needed = bands.shape[0] * documents + len(shingles)
    if len(words) < needed or shingle_counts[:documents].sum() > len(shingles) or documents > DOCUMENTS_MAX:
        raise ValueError("there is no room, or the batch is too large")
    filled = shingle = 0
    for document in range(documents):
        last = shingle + shingle_counts[document]
        if standing[document]:
            for band in range(bands.shape[0]):
                value = U64(band) << _NUMBER_SHIFT | U64(bands[band, document])
                words[filled + band] = _word(value, BAND, BAND, document)
            filled += bands.shape[0]
            for at in range(shingle, last):
                words[filled] = _word(shingles[at], PASSAGE, PASSAGE, document)
                filled += 1
        shingle = last
    return filled


@kernel
def distinct(words: U64s) -> int:
    """Move the distinct of sorted words to the front: how many."""
    count = 0
    for at in range(len(words)):
        word = words[at]
        if at == 0 or word != words[count - 1]:
            words[count] = word
            count += 1
    return count


@kernel
def numbered(words: U64s, numbers: U32s, keyed: U64s, starts: I64s) -> None:
    """Sorted words of a batch as words that `lay_out` takes. numbers: of its documents. keyed: (k,) out.

    starts: (2**RANGE_BITS + 1,) where each range of keys begins, out.
    """
    if len(keyed) < len(words) or len(starts) != (1 << RANGE_BITS) + 1:
        raise ValueError("arrays do not fit each other")
    shift, at = U64(64 - RANGE_BITS), 0
    for number in range(1 << RANGE_BITS):
        starts[number] = at
        while at < len(words) and words[at] >> shift == U64(number):
            rest = (words[at] >> _KEY_SHIFT) & _LOW
            keyed[at] = rest << _NUMBER_SHIFT | U64(numbers[words[at] & _DOCUMENT])
            at += 1
    starts[1 << RANGE_BITS] = at


@inlined
def _sieved(rest: U64) -> np.uint32:
    """The bits that the rest of a key sets in the sieve of its bucket."""
    mixed = (rest + _ONE) * _SALT
    first, second, third = mixed >> U64(59), mixed >> U64(54) & U64(31), mixed >> U64(49) & U64(31)
    return np.uint32(_ONE << first | _ONE << second | _ONE << third)


@kernel
def lay_out(keyed: U64s, bits: int, dead: U8s, before: int, directory: U32s, sieve: U32s, postings: U64s) -> int:
    """A range of keys as part of a column: how many postings it has.

    keyed: the key without the bits of the range, and the number of the document, sorted. bits: of the buckets. dead:
    by number, 1 for a document that is left out; may be shorter. before: postings of earlier ranges. directory:
    (2**(bits - RANGE_BITS),) where each bucket begins, out. sieve: as long, zeros, out. postings: out.
    """
    if not BITS_MIN <= bits < KEY_BITS or len(directory) != 1 << (bits - RANGE_BITS) or len(postings) < len(keyed):
        raise ValueError("arrays do not fit each other")
    if len(sieve) != len(directory):
        raise ValueError("the sieve does not fit")
    rest_bits = KEY_BITS - bits
    shift, mask = U64(32 + rest_bits), (_ONE << U64(rest_bits)) - _ONE
    count = bucket = 0
    for at in range(len(keyed)):
        word = keyed[at]
        number = np.int64(word & _LOW)
        if (number < len(dead) and dead[number]) or (at > 0 and word == keyed[at - 1]):
            continue
        own = np.int64(word >> shift)
        while bucket <= own:
            directory[bucket] = before + count
            bucket += 1
        rest = word >> _NUMBER_SHIFT & mask
        postings[count] = rest << _NUMBER_SHIFT | U64(number)
        sieve[own] |= _sieved(rest)
        count += 1
    while bucket < len(directory):
        directory[bucket] = before + count
        bucket += 1
    return count


@kernel
def admit(directory: U32s, postings: U64s, bits: int, wide_bits: int, sieve: U32s) -> None:
    """Let the keys of a column through a sieve of more buckets, that of several columns. bits: of the column's buckets.

    wide_bits: of the sieve's. sieve: (2**wide_bits,), brought up to date.
    """
    if len(directory) != (1 << bits) + 1 or not bits <= wide_bits < KEY_BITS or len(sieve) != 1 << wide_bits:
        raise ValueError("arrays do not fit each other")
    rest_bits, wide_rest_bits = U64(KEY_BITS - bits), U64(KEY_BITS - wide_bits)
    mask = (_ONE << wide_rest_bits) - _ONE
    for bucket in range(1 << bits):
        first = U64(bucket) << rest_bits
        for posting in range(np.int64(directory[bucket]), np.int64(directory[bucket + 1])):
            key = first | postings[posting] >> _NUMBER_SHIFT
            sieve[np.int64(key >> wide_rest_bits)] |= _sieved(key & mask)


@kernel
def gather(directory: U32s, postings: U64s, bits: int, number: int, keyed: U64s, filled: int) -> int:
    """Append a range of keys of a column to words that can be sorted: where they end."""
    rest_bits = U64(KEY_BITS - bits)
    width = 1 << (bits - RANGE_BITS)
    for bucket in range(width):
        at = number * width + bucket
        first = U64(bucket) << (rest_bits + _NUMBER_SHIFT)
        for posting in range(np.int64(directory[at]), np.int64(directory[at + 1])):
            keyed[filled] = first | postings[posting]
            filled += 1
    return filled


# --- checksums ----------------------------------------------------------------------------------------------


@inlined
def _step(value: U64, item: U64) -> U64:
    value = (value ^ item) * _FACTOR
    return value ^ (value >> U64(32))


@inner
def _page_sum(data: U8s, start: int, page: int) -> U64:
    one, two, three, four = _FACTOR, _SALT, _FACTOR + _ONE, _SALT + _ONE
    for at in range(start, start + PAGE_BYTES, 32):
        one, two = _step(one, load64(data, at)), _step(two, load64(data, at + 8))
        three, four = _step(three, load64(data, at + 16)), _step(four, load64(data, at + 24))
    return fmix64(_step(_step(_step(one, two), three), four) + U64(page))


@kernel
def page_sums(data: U8s, first: int, sums: U64s) -> None:
    """The checksums of the pages of `data`, whole ones, of which the first has the number `first`: sums, out."""
    if len(data) < len(sums) * PAGE_BYTES:
        raise ValueError("data has fewer pages")
    for page in range(len(sums)):
        sums[page] = _page_sum(data, page * PAGE_BYTES, first + page)


@inlined
def _is_sound(data: U8s, sums: U64s, sound: U8s, page: int) -> bool:
    if sound[page]:
        return True
    if _page_sum(data, page * PAGE_BYTES, page) != sums[page]:
        return False
    sound[page] = 1
    return True


@kernel
def unsound_page(data: U8s, sums: U64s, sound: U8s, first: int, stop: int) -> int:
    """The first of some pages that is not what its checksum says, or -1. sound: those known to be, brought up to
    date."""
    if len(data) < stop * PAGE_BYTES or min(len(sums), len(sound)) < stop or first < 0:
        raise ValueError("there are no such pages")
    for page in range(first, stop):
        if not _is_sound(data, sums, sound, page):
            return page
    return -1


@kernel
def unsound_among(data: U8s, sums: U64s, sound: U8s, firsts: I64s, stops: I64s) -> int:
    """The same of several stretches of pages, from firsts[n] to stops[n]."""
    if len(stops) != len(firsts):
        raise ValueError("arrays do not fit each other")
    for turn in range(len(firsts)):
        first, stop = firsts[turn], stops[turn]
        if len(data) < stop * PAGE_BYTES or min(len(sums), len(sound)) < stop or first < 0:
            raise ValueError("there are no such pages")
        for page in range(first, stop):
            if not _is_sound(data, sums, sound, page):
                return int(page)
    return -1


# --- looking up ---------------------------------------------------------------------------------------------


@inner
def _first_from(postings: U64s, start: np.int64, stop: np.int64, word: U64) -> np.int64:
    """The first place in postings[start:stop] of what is `word` or more."""
    while stop - start > _SHORT:
        middle = (start + stop) >> 1
        if postings[middle] < word:
            start = middle + 1
        else:
            stop = middle
    while start < stop and postings[start] < word:
        start += 1
    return start


@kernel
def suspected(
    words: U64s, sieve: U32s, bits: int, data: U8s, sums: U64s, sound: U8s, first_page: int, found: U32s
) -> int:
    """The places of the sorted words that may be in a column: how many, or -1 - p if page p of its file is not sound.

    sieve, bits: see `lay_out`. data, sums, sound: see `unsound_page`. first_page: of the sieve. found: as long as
    words, out.
    """
    if len(sieve) != 1 << bits or len(found) < len(words):
        raise ValueError("arrays do not fit each other")
    rest_bits = U64(KEY_BITS - bits)
    shift, mask = _KEY_SHIFT + rest_bits, (_ONE << rest_bits) - _ONE
    count, known = 0, -1
    for at in range(len(words)):
        if at + 2 * AHEAD < len(words):
            prefetch(sieve, np.int64(words[at + 2 * AHEAD] >> shift))
        word = words[at]
        bucket = np.int64(word >> shift)
        page = int(first_page + (bucket >> 10))
        if page != known:
            if not _is_sound(data, sums, sound, page):
                return -1 - page
            known = page
        wanted = _sieved((word >> _KEY_SHIFT) & mask)
        found[count] = at
        count += int(sieve[bucket] & wanted == wanted)
    return count


@kernel
def probe(
    words: U64s, asked: U32s, directory: U32s, postings: U64s, bits: int, data: U8s, sums: U64s, sound: U8s,
    pages: I64s, places: U32s, starts: I64s, counts: U32s,
) -> int:  # fmt: skip
    """Look sorted words up in a column: how many are in it, or -1 - p if page p of its file is not sound.

    words: see `collect`. asked: the places of those looked up; of a key all or none. directory, postings, bits: see
    `lay_out`; the directory has one more, the end. data, sums, sound: see `unsound_page`. pages: of the first of
    `directory`, and of `postings`. places, starts, counts: (k,) of each word that is found, its place, and its
    postings; out.
    """
    size = len(asked)
    if len(directory) != (1 << bits) + 1 or min(len(places), len(starts), len(counts)) < size:
        raise ValueError("arrays do not fit each other")
    rest_bits = U64(KEY_BITS - bits)
    shift, mask = _KEY_SHIFT + rest_bits, (_ONE << rest_bits) - _ONE
    found = 0
    begin = held = np.int64(0)
    for turn in range(size):
        if turn + 2 * AHEAD < size:
            prefetch(directory, np.int64(words[asked[turn + 2 * AHEAD]] >> shift))
        if turn + AHEAD < size:
            # Not yet known to be sound, so it may point anywhere: what is asked for there is only asked for.
            ahead = np.int64(directory[np.int64(words[asked[turn + AHEAD]] >> shift)])
            prefetch(postings, min(ahead, len(postings)))
        at = asked[turn]
        key = words[at] >> _KEY_SHIFT
        if turn == 0 or key != words[asked[turn - 1]] >> _KEY_SHIFT:
            bucket = np.int64(words[at] >> shift)
            page = pages[0] + (bucket >> 10)
            if not _is_sound(data, sums, sound, page):
                return -1 - int(page)
            if bucket & 1023 == 1023 and not _is_sound(data, sums, sound, page + 1):
                return -2 - int(page)
            first, last = np.int64(directory[bucket]), np.int64(directory[bucket + 1])
            held = np.int64(0)
            if first < last:
                for page in range(pages[1] + (first >> 9), pages[1] + ((last - 1) >> 9) + 1):
                    if not _is_sound(data, sums, sound, page):
                        return -1 - int(page)
                rest = (key & mask) << _NUMBER_SHIFT
                begin = _first_from(postings, first, last, rest)
                if begin < last and postings[begin] >> _NUMBER_SHIFT == rest >> _NUMBER_SHIFT:
                    held = _first_from(postings, begin, last, rest + (_ONE << _NUMBER_SHIFT)) - begin
        if held:
            places[found], starts[found], counts[found] = at, begin, held
            found += 1
    return found
