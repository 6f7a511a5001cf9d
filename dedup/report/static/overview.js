// The first view: what came in, what is dropped and why, and what is worth looking at first.

const FIRST = 5;

function overview() {
  const { summary } = DATA;
  const saved = summary.words ? DATA.saved_words / summary.words : 0;
  const tile = (value, label, note) => h("li", null, h("b", null, value), h("span", null, label), note ? h("small", null, note) : null);
  return [
    h("h1", null, summary.duplicates ? `${count(summary.duplicates, "copy", "copies")} in ${count(summary.documents, "document")}` : `No copies in ${count(summary.documents, "document")}`),
    h("ul", { class: "tiles" },
      tile(number(summary.documents), "documents came in", count(summary.words, "word")),
      tile(number(summary.clusters), summary.clusters === 1 ? "cluster" : "clusters", "documents that are one text"),
      tile(number(summary.duplicates), summary.duplicates === 1 ? "copy to drop" : "copies to drop", `${number(summary.documents - summary.duplicates)} stay`),
      tile(number(DATA.saved_words), "words saved", `${share(saved)} of all`),
      tile(number(summary.candidates), summary.candidates === 1 ? "pair compared" : "pairs compared", "word by word")),
    DATA.decided.length ? h("p", null, `${count(DATA.decided.length, "decision")} obeyed.`) : null,
    warnings(summary),
    h("div", { class: "columns" },
      h("section", null, h("h2", null, "Look at these first"), firstClusters(), firstShared()),
      h("section", null, frequent())),
    h("section", null, h("h2", null, "The corpus"),
      h("div", { class: "plots" }, similarityPlot(), sizesPlot(), curvePlot(), linksPlot())),
    h("div", { class: "columns" }, h("section", null, droppedTable()), h("section", null, damageTable())),
    h("section", null, sourcesTable()),
    h("footer", null, `Made by dedup ${DATA.version}. Threshold ${DATA.threshold}. ${heldTold()}`),
  ];
}

function heldTold() {
  const held = Object.keys(DATA.packs).filter((name) => name[0] === "c").length;
  const all = DATA.clusters.kept.length;
  return held === all ? "The texts of all clusters are held in this page."
    : `The texts of ${number(held)} of ${number(all)} clusters are held in this page; what is left out, for its length or for room, dedup diff shows.`;
}

function warnings(summary) {
  const told = [
    ...summary.losing_sources.map((one) => `${one.source} loses ${number(one.dropped)} of its ${number(one.documents)} documents (${share(one.share)}); look at its clusters before you drop them.`),
    ...Object.entries(summary.capped_buckets).map(([channel, value]) => `${count(value, "bucket")} of the ${channel} channel held too many documents for all pairs.`),
    ...(summary.unasked_pairs ? [`${count(summary.unasked_pairs, "unsure pair")} stood in families too large, or too many, to be asked: neither slips nor cards chose the copy to keep there.`] : []),
  ];
  const unread = summary.unreadable.map((one) => h("li", null, `${one.path}: ${one.problem}; ${one.remedy}`));
  return [
    told.length ? h("section", { class: "warning", "aria-label": "Warnings" }, h("ul", null, told.map((one) => h("li", null, one)))) : null,
    unread.length ? h("details", { class: "warning", open: true }, h("summary", null, `${number(summary.unreadable_count)} could not be read`), h("ul", null, unread)) : null,
  ];
}

/** A copy in a sentence: what it is of which, and by which figures. */
function sentence(cluster, member) {
  const told = DATA.clusters, pair = member.pair;
  const relation = DATA.relations[told.relation[pair]];
  const kept = told.kept[cluster];
  return h("li", null,
    h("a", { href: `#/cluster/${cluster}/${kept}/${member.document}` }, named(DOCS.ids[member.document])), " is ",
    relation === "excerpt" || relation === "exact" ? "an " : "a ", badge(relation), " copy of ", named(DOCS.ids[kept]),
    h("span", { class: "quiet" }, ` \u2013 ${MEANING[relation]}; ${share(told.within[pair])} of its words stand there, ${count(told.replaced[pair], "word")} replaced.`));
}

const badge = (relation) => h("span", { class: `badge ${relation}` }, relation);

function firstClusters() {
  const first = [...SUMMARIES].sort((one, other) => other.size - one.size).slice(0, FIRST);
  if (!first.length) return h("p", null, "No document is a copy of another.");
  const rows = first.flatMap((one) => members(one.cluster).filter((member) => member.pair >= 0).slice(0, 3).map((member) => sentence(one.cluster, member)));
  return [h("h3", null, "Copies"), h("ul", { class: "plain" }, rows),
    SUMMARIES.length > FIRST ? h("p", null, h("a", { href: "#/clusters" }, `All ${number(SUMMARIES.length)} clusters`)) : null];
}

const QUOTED_MOST = 450;

/** What a copy gives way to, or undefined if it does not. */
function keptFor(document) {
  const own = SUMMARIES.find((one) => one.kept !== document && members(one.cluster).some((member) => member.document === document));
  return own?.kept;
}

/** With whom a document shares passages. */
const partners = (document) => new Set(DATA.reuse.pairs.flatMap(([a, b]) => (a === document ? [b] : b === document ? [a] : [])));

function firstShared() {
  const { pairs, passages, equal, count: all } = DATA.reuse;
  if (!all) return null;
  const rows = pairs.slice(0, FIRST).map(([a, b], at) => {
    const quote = h("q", { class: "quiet" });
    record(`r${at}`).then((found) => {
      if (!found) return quote.remove();
      const longest = found.passages.reduce((one, other) => (other.equal > one.equal ? other : one)).text.replace(/\s+/g, " ");
      quote.textContent = shown(longest.length > QUOTED_MOST ? `${longest.slice(0, QUOTED_MOST)}…` : longest);
    });
    const copy = [[a, b], [b, a]].find(([one, other]) => partners(other).has(keptFor(one)));
    if (copy) return h("li", { class: "quiet" }, h("a", { href: `#/shared/${at}` }, named(DOCS.ids[a]), " and ", named(DOCS.ids[b])),
      ` share ${count(passages[at], "passage")}, ${count(equal[at], "word")}, since `, named(DOCS.ids[copy[0]]), " is a copy of ", named(DOCS.ids[keptFor(copy[0])]), ".");
    return h("li", null, h("a", { href: `#/shared/${at}` }, named(DOCS.ids[a]), " and ", named(DOCS.ids[b])),
      ` share ${count(passages[at], "passage")}, ${count(equal[at], "word")}${passages[at] > 1 ? "; the longest" : ""}: `, quote);
  });
  return [h("h3", null, "Shared passages, not copies of each other"), h("ul", { class: "plain" }, rows),
    all > FIRST ? h("p", null, h("a", { href: "#/shared" }, `All ${number(all)} pairs that share passages`)) : null];
}

function frequent() {
  const { rows, distinct, made } = DATA.substitutions;
  if (!rows.length) return [h("h2", null, "What was replaced"), h("p", null, "No words were replaced in the copies that this page holds.")];
  const most = rows[0][2];
  const line_ = ([a, b, times]) => [h("del", null, a), h("ins", null, b), h("span", { class: "bar-cell" }, meter(times / most), number(times))];
  const heads = ["in the kept copy", "in the dropped one", { text: "times", right: true }];
  return [h("h2", null, "What was replaced"),
    table("The most frequent substitutions", heads, rows.slice(0, 10).map(line_)),
    h("details", null, h("summary", null, `${count(distinct, "distinct substitution")}, ${number(made)} in all; the first ${rows.length}`),
      table("Substitutions", heads, rows.map(line_)))];
}

/** A bar for a share, for the eye alone. */
function meter(value) {
  return s("svg", { class: "meter", viewBox: "0 0 60 8", "aria-hidden": "true", focusable: "false" },
    s("rect", { width: 60, height: 8, class: "trough" }), s("rect", { width: Math.max(0, Math.min(1, value)) * 60, height: 8, class: "copies" }));
}

function droppedTable() {
  const rows = DATA.dropped.map((one) => [badge(one.relation), MEANING[one.relation], one.documents, one.words]);
  return [h("h2", null, "What is dropped, and why"),
    rows.length ? table("Dropped by relation to the kept copy", ["relation", "which means", { text: "documents", right: true }, { text: "words", right: true }], rows)
      : h("p", null, "Nothing is dropped.")];
}

const DAMAGE = {
  encoding: "read or written in another encoding", invisible: "characters that cannot be seen", ocr: "words as scanning makes them",
  spun: "words that do not belong", structure: "cut, repeated or mixed",
};

function damageTable() {
  if (!DATA.damage_judged) return [h("h2", null, "Damage"), h("p", null, "The documents were not looked at one by one; --damage does so, and dedup check tells what and where.")];
  const rows = Object.entries(DATA.summary.damage).map(([kind, value]) => [kind, DAMAGE[kind] || "", value, share(value / Math.max(1, DATA.summary.documents))]);
  return [h("h2", null, "Damage"), table("Documents with damage of their own, by kind", ["kind", "which means", { text: "documents", right: true }, { text: "share", right: true }], rows),
    Object.values(DATA.summary.damage).some(Boolean) ? h("p", { class: "quiet" }, "Which documents, and where in them: ", h("code", null, "dedup check")) : null];
}

function sourcesTable() {
  const { rows, count: all } = DATA.by_source;
  return [h("h2", null, "Sources"),
    table(all > rows.length ? `The ${rows.length} of ${number(all)} sources that lose most` : "Where documents are from, and how many go",
      ["source", { text: "documents", right: true }, { text: "dropped", right: true }, { text: "share", right: true }],
      rows.map(([name, documents, dropped]) => [named(name), documents, dropped, share(dropped / documents)]))];
}
