// One text and edits on it become two texts side by side: pieces that agree or differ, lines of them, and the ledger.

const KIND = 5; // how many kinds of places there are: a code is kind + KIND * verdict

/** Edits as they are stored, with where they start and stop in the kept text. */
function placed(edits) {
  let at = 0;
  return (edits || []).map(([gap, length, text, code, sure, evidence, partner], index) => {
    const start = at + gap;
    at = start + length;
    return { start, stop: at, text, kind: DATA.kinds[code % KIND], original: Math.floor(code / KIND), sure, evidence, partner, index };
  });
}

/**
 * Two documents in pieces, each made of the kept text by edits; none for that itself.
 * A piece is {text} where they agree, and {a, b, kind, ...} where they differ. Edits of both that touch each other become
 * one piece, since what stands there differs as a whole; if both made the same of it, they agree.
 */
function pieces(text, editsA, editsB) {
  const [all, ends] = [[placed(editsA), placed(editsB)], [0, 0]];
  const told = [];
  const agree = (some) => {
    if (!some) return;
    if (told.length && told[told.length - 1].kind === undefined) told[told.length - 1].text += some;
    else told.push({ text: some });
  };
  let at = 0;
  while (ends[0] < all[0].length || ends[1] < all[1].length) {
    const next = [all[0][ends[0]], all[1][ends[1]]];
    const side = !next[1] || (next[0] && next[0].start <= next[1].start) ? 0 : 1;
    let { start, stop } = next[side];
    const taken = [[], []];
    taken[side].push(next[side]);
    ends[side] += 1;
    for (let grown = true; grown; ) {
      grown = false;
      for (const one of [0, 1]) {
        const edit = all[one][ends[one]];
        const mixed = taken[1 - one].length > 0;
        if (edit && (edit.start < stop || (edit.start === stop && mixed))) {
          taken[one].push(edit);
          ends[one] += 1;
          stop = Math.max(stop, edit.stop);
          grown = true;
        }
      }
    }
    agree(text.slice(at, start));
    const [a, b] = taken.map((some) => applied(text, start, stop, some));
    if (a === b) agree(a);
    else told.push(differing(a, b, taken));
    at = stop;
  }
  agree(text.slice(at));
  return told;
}

function applied(text, start, stop, edits) {
  let made = "", at = start;
  for (const edit of edits) {
    made += text.slice(at, edit.start) + edit.text;
    at = edit.stop;
  }
  return made + text.slice(at, stop);
}

const bare = (text) => text.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

function differing(a, b, [editsA, editsB]) {
  if (!editsA.length && editsB.length === 1) return { ...editsB[0], a, b, keptSide: 0 };
  if (!editsB.length && editsA.length === 1) {
    const turned = { insertion: "deletion", deletion: "insertion" };
    return { ...editsA[0], kind: turned[editsA[0].kind] || editsA[0].kind, a, b, keptSide: 1 };
  }
  const kind = bare(a) === bare(b) ? "formatting" : !bare(a) ? "insertion" : !bare(b) ? "deletion" : "substitution";
  return { kind, a, b, original: 0 };
}

const ENOUGH = 220, MUCH = 1000, MOST = 4000, BLOCK = 600;

/** Pieces in lines: broken where both texts have a line end, or end a sentence and enough stands in the line already. */
function lines(all) {
  const told = [];
  let row = [], length = 0;
  const end = () => {
    if (row.length) told.push(row);
    [row, length] = [[], 0];
  };
  for (const piece of all) {
    if (piece.kind !== undefined) {
      const size = Math.max(piece.a.length, piece.b.length);
      if (size > BLOCK) end();
      row.push(piece);
      length += size;
      if (size > BLOCK) end();
      continue;
    }
    let rest = piece.text;
    while (rest) {
      const stop = breakAt(rest, length);
      const some = rest.slice(0, stop.at);
      row.push({ text: some.replace(/\r?\n$/, "") });
      length += some.length;
      rest = rest.slice(stop.at);
      if (stop.ends) end();
    }
  }
  end();
  return told.filter((one) => one.some((piece) => piece.kind !== undefined || piece.text.trim()));
}

function breakAt(text, length) {
  const newline = text.indexOf("\n");
  const ends = /[.!?。！？…][”"’')\]]*\s+|。/g;
  ends.lastIndex = Math.max(0, ENOUGH - length - 1);
  const sentence = ends.exec(text.slice(0, MOST));
  const spaces = /\s/g;
  spaces.lastIndex = Math.max(0, MUCH - length);
  const space = spaces.exec(text.slice(0, MOST));
  const stops = [newline >= 0 ? newline + 1 : Infinity, sentence ? sentence.index + sentence[0].length : Infinity,
    space ? space.index + 1 : Infinity, Math.max(1, MOST - length)];
  const at = Math.min(...stops);
  return at <= text.length ? { at, ends: true } : { at: text.length, ends: false };
}

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’][\p{L}\p{N}\p{M}]+)*/gu;
const words_ = (text) => (text.normalize("NFKD").toLowerCase().replaceAll("\u2019", "'").replaceAll("ß", "ss").replaceAll("ς", "σ").match(WORD) || []).join(" ");

/**
 * The distinct substitutions of pieces, the most frequent first: [a, b, count, numbers of the pieces].
 * Pieces that touch are one phrase if either hardly ever stands without the other, as `ledger.py` has it. Other than there,
 * a broken encoding is not mended, and where a script has no spaces a run of signs is one word.
 */
function ledger(all) {
  const found = new Map();
  const count = ({ a, b, at }) => {
    if (a === b || !a || !b) return;
    const key = `${a}\n${b}`;
    if (!found.has(key)) found.set(key, [a, b, []]);
    found.get(key)[2].push(at);
  };
  for (const one of phrases(changed(all))) count(one);
  const order = (one, other) => other[2].length - one[2].length || (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : one[1] < other[1] ? -1 : 1);
  return [...found.values()].sort(order);
}

const CHANGES = ["substitution", "insertion", "deletion"];
const TOUCHING_MIN = 2, TOUCHING_SHARE = 2 / 3, PHRASE_WORDS_MAX = 5; // those of ledger.py

const length_ = (words) => (words ? words.split(" ").length : 0);
const joined_ = (...some) => some.filter(Boolean).join(" ");

/** The pieces in which words were changed, in matching form, and what stands between each and the one before, if no word does. */
function changed(all) {
  const told = [];
  let between = null;
  all.forEach((piece, at) => {
    const [textA, textB] = piece.kind === undefined ? [piece.text, piece.text] : [piece.a, piece.b];
    const [a, b] = [words_(textA), words_(textB)];
    if (!a && !b) {
      if (between) between = [between[0] + textA, between[1] + textB];
      return;
    }
    const counts = CHANGES.includes(piece.kind) && (piece.kind === "substitution" || Math.max(length_(a), length_(b)) <= PHRASE_WORDS_MAX);
    if (counts) told.push({ a, b, at, textA, textB, between, name: `${a}\n${b}` });
    between = counts ? ["", ""] : null;
  });
  return told;
}

/** Pieces, those in place of two that touch wherever either stands being one. */
function phrases(some) {
  const seen = new Map(), together = new Map();
  const add = (counts, name) => counts.set(name, (counts.get(name) || 0) + 1);
  const couples = some.map((one, index) => (index ? coupled(some[index - 1], one) : null));
  for (const one of some) add(seen, one.name);
  for (const both of couples) if (both) add(together, both.name);
  const hardlyApart = (both) => together.get(both.name) >= Math.max(TOUCHING_MIN, TOUCHING_SHARE * Math.max(...both.two.map((one) => seen.get(one.name))));
  const told = [];
  for (let index = 0; index < some.length; index++) {
    const both = couples[index + 1];
    const joins = both && hardlyApart(both);
    told.push(joins ? both : some[index]);
    if (joins) index += 1;
  }
  return told;
}

/** Two pieces as one phrase, if they may be: they touch, are not one word for one, not too long, and in one sentence. */
function coupled(one, other) {
  if (!other.between) return null;
  const [a, b] = [joined_(one.a, other.a), joined_(one.b, other.b)];
  const single = [one, other].every((each) => length_(each.a) === 1 && length_(each.b) === 1);
  const texts = [one.textA + other.between[0] + other.textA, one.textB + other.between[1] + other.textB];
  const may = a && b && !single && [one, other].some((each) => each.a && each.b) && Math.max(length_(a), length_(b)) <= PHRASE_WORDS_MAX && texts.every(isWhole);
  return may ? { a, b, at: one.at, two: [one, other], name: `${one.name}\n${other.name}` } : null;
}

/** Whether no more than blanks, one end of a line or a hyphen stands between the words of a text. */
function isWhole(text) {
  return text.split(WORD).slice(1, -1).every((gap) => /^[^\S\r\n]*(?:(?:\r?\n|[-\u2010\u2011])[^\S\r\n]*)?$/.test(gap));
}
