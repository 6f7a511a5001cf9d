// The data of the page: columns as they came, figures for each cluster, and packs that are unpacked when asked for.

const DATA = JSON.parse($("data").textContent);
const DOCS = DATA.documents;
const MEANING = {
  exact: "the same but for case and spacing",
  near: "lightly edited",
  spun: "words replaced throughout",
  damaged: "letters garbled",
  excerpt: "a part of the kept one",
  reuse: "passages shared, no copy",
};
const SURE = 0.8;

/** For each cluster what lists search, sort and filter by. */
function summaries() {
  const told = DATA.clusters;
  if (!told) return [];
  return range(told.starts.length - 1).map((cluster) => {
    const one = { cluster, kept: told.kept[cluster], size: told.starts[cluster + 1] - told.starts[cluster],
      saved: 0, relations: 0, confidence: 1, resemblance: 1, sources: new Set(), names: "" };
    const names = [];
    for (const member of members(cluster)) {
      names.push(DOCS.ids[member.document]);
      one.sources.add(DOCS.source[member.document]);
      if (member.pair < 0) continue;
      one.saved += DOCS.words[member.document];
      one.relations |= 1 << told.relation[member.pair];
      one.resemblance = Math.min(one.resemblance, told.resemblance[member.pair]);
      if (DATA.relations[told.relation[member.pair]] !== "exact")
        one.confidence = Math.min(one.confidence, told.confidence[member.pair]);
    }
    one.names = names.join("\n").toLowerCase();
    return one;
  });
}

/** The members of a cluster: the document, and the number of its pair with the kept one, -1 for that one itself. */
function members(cluster) {
  const { starts, members: all, kept } = DATA.clusters;
  let pair = starts[cluster] - cluster;
  return range(starts[cluster + 1] - starts[cluster]).map((at) => {
    const document = all[starts[cluster] + at];
    return { document, pair: document === kept[cluster] ? -1 : pair++ };
  });
}

const relationsOf = (mask) => DATA.relations.filter((_, code) => mask & (1 << code));

/** The kinds of damage that a document's card flags. */
const flagsOf = (document) => DATA.damage_kinds.filter((_, kind) => DOCS.flags[document] & (1 << kind));

/** What speaks for one of two copies: [reason, log-odds for it], the strongest first; sign -1 for the other one. */
function reasons(direction, sign) {
  return Object.values(DATA.reasons)
    .map((reason, at) => [reason, sign * direction[at]])
    .filter(([, odds]) => odds > 0)
    .sort((one, other) => other[1] - one[1]);
}

const unpacked = new Map();
const PACKS_KEPT = 12;

/** The record of a name, or null if the page does not hold it. */
async function record(name) {
  const pack = DATA.packs[name];
  if (pack === undefined) return null;
  if (!unpacked.has(pack)) {
    if (unpacked.size >= PACKS_KEPT) unpacked.delete(unpacked.keys().next().value);
    unpacked.set(pack, unpack(pack));
  }
  return (await unpacked.get(pack))[name];
}

async function unpack(pack) {
  if (!$(`pack-${pack}`) && document.readyState === "loading")
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  const bytes = Uint8Array.from(atob($(`pack-${pack}`).textContent), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}
