// The list of clusters, of which only the rows in sight are made; the view of one; and the list of shared passages.

const SUMMARIES = summaries();
const chosen = { text: "", relation: "", size: "2", source: "", sure: "", sort: "size" };
const SORTS = {
  size: ["most copies", (one, other) => other.size - one.size],
  saved: ["most words saved", (one, other) => other.saved - one.saved],
  unsure: ["least sure", (one, other) => one.confidence - other.confidence],
  unlike: ["least alike", (one, other) => one.resemblance - other.resemblance],
  name: ["name", (one, other) => (DOCS.ids[one.kept] < DOCS.ids[other.kept] ? -1 : 1)],
};

function found() {
  const text = chosen.text.trim().toLowerCase();
  const relation = DATA.relations.indexOf(chosen.relation);
  return SUMMARIES.filter((one) =>
    (!text || one.names.includes(text)) && (relation < 0 || one.relations & (1 << relation)) && one.size >= Number(chosen.size) &&
    (chosen.source === "" || one.sources.has(Number(chosen.source))) &&
    (!chosen.sure || (chosen.sure === "sure" ? one.confidence >= SURE : one.confidence < SURE)),
  ).sort((one, other) => SORTS[chosen.sort][1](one, other) || one.cluster - other.cluster);
}

function select(label, name, options, act) {
  const box = h("select", { id: `by-${name}`, on: { change: (event) => { chosen[name] = event.target.value; act(); } } },
    options.map(([value, text]) => h("option", { value, selected: String(value) === chosen[name] }, text)));
  return h("label", null, h("span", null, label), box);
}

function clusterList() {
  if (!SUMMARIES.length) return [h("h1", null, "Clusters"), h("p", null, "No document is a copy of another.")];
  const list = virtual(clusterRow, (one) => go(`#/cluster/${one.cluster}`));
  const told = h("p", { class: "quiet", id: "list-told" });
  const refresh = () => {
    const rows = found();
    list.fill(rows);
    told.textContent = `${count(rows.length, "cluster")} of ${number(SUMMARIES.length)}, ${count(rows.reduce((sum, one) => sum + one.size - 1, 0), "copy", "copies")}`;
    tell(told.textContent);
  };
  const search = h("input", { type: "search", id: "search", placeholder: "part of a name", on: { input: (event) => { chosen.text = event.target.value; refresh(); } } });
  search.value = chosen.text;
  const bar = h("form", { class: "filters", role: "search", on: { submit: (event) => event.preventDefault() } },
    h("label", { class: "wide" }, h("span", null, "Search documents"), search),
    select("Relation", "relation", [["", "any"], ...relationsOf(SUMMARIES.reduce((mask, one) => mask | one.relations, 0)).map((one) => [one, one])], refresh),
    select("Documents", "size", [2, 3, 5, 10, 50].map((size) => [size, size === 2 ? "any number" : `${size} or more`]), refresh),
    DOCS.source_names.length > 1 ? select("Source", "source", [["", "any"], ...DOCS.source_names.map((name, at) => [at, shown(name)]).sort((one, other) => (one[1] < other[1] ? -1 : 1))], refresh) : null,
    select("Which is cleaner", "sure", [["", "sure or not"], ["sure", "decided"], ["unsure", "not decided"]], refresh),
    select("Order", "sort", Object.entries(SORTS).map(([value, [text]]) => [value, text]), refresh));
  setTimeout(refresh);
  return [h("h1", null, "Clusters"), bar, told, list.element];
}

function clusterRow(one) {
  const sources = [...one.sources];
  return [
    h("span", { role: "gridcell", class: "first" }, named(DOCS.ids[one.kept])),
    h("span", { role: "gridcell", class: "second" }, relationsOf(one.relations).map(badge)),
    h("span", { role: "gridcell", class: "third quiet" }, copiesNamed(one), `${count(one.size, "document")}, ${count(one.saved, "word")} saved`,
      DOCS.source_names.length > 1 ? `, ${sources.length > 1 ? count(sources.length, "source") : DOCS.source_names[sources[0]]}` : "",
      one.confidence < SURE ? ", which is cleaner is not decided" : ""),
  ];
}

/** The names of a cluster's copies, where there are few. */
function copiesNamed(one) {
  if (one.size > 3) return null;
  const copies = members(one.cluster).filter((member) => member.document !== one.kept);
  return ["and its ", copies.length > 1 ? "copies " : "copy ", copies.map((member, at) => [at ? ", " : "", named(DOCS.ids[member.document])]), "; "];
}

const ROW_PIXELS = 64;
const SPARE_ROWS = 8;
const PRINTED_ROWS = 300;

/** A list of rows of one height; `fill` gives it others. Arrows move in it, Enter opens. */
function virtual(drawn, open) {
  let rows = [], active = 0, from = -1, printing = false;
  const body = h("div", { class: "rows", role: "presentation" });
  const element = h("div", { class: "list", role: "grid", tabindex: "0", "aria-label": "Clusters", "aria-readonly": "true" }, body);
  const draw = (anew) => {
    body.style.height = `${(printing ? Math.min(rows.length, PRINTED_ROWS) : rows.length) * ROW_PIXELS}px`;
    const first = printing ? 0 : Math.max(0, Math.floor(element.scrollTop / ROW_PIXELS) - SPARE_ROWS);
    if (!anew && first === from) return;
    from = first;
    const inSight = printing ? PRINTED_ROWS : Math.ceil((element.clientHeight || 800) / ROW_PIXELS) + 2 * SPARE_ROWS;
    body.replaceChildren(...rows.slice(first, first + inSight).map((one, at) => {
      const row = h("div", { class: "row", role: "row", id: `row-${first + at}`, "aria-rowindex": first + at + 1, "aria-selected": String(first + at === active),
        on: { click: () => open(one) } }, drawn(one));
      row.style.top = `${(first + at) * ROW_PIXELS}px`;
      return row;
    }));
    if (rows.length) element.setAttribute("aria-activedescendant", `row-${active}`);
  };
  const move = (to) => {
    active = Math.max(0, Math.min(rows.length - 1, to));
    const top = active * ROW_PIXELS;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW_PIXELS > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW_PIXELS - element.clientHeight;
    draw(true);
  };
  const page = () => Math.max(1, Math.floor(element.clientHeight / ROW_PIXELS) - 1);
  const steps = { ArrowDown: () => active + 1, ArrowUp: () => active - 1, j: () => active + 1, k: () => active - 1, Home: () => 0,
    End: () => rows.length - 1, PageDown: () => active + page(), PageUp: () => active - page() };
  element.addEventListener("scroll", () => draw(false));
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && rows[active]) open(rows[active]);
    else if (steps[event.key]) move(steps[event.key]());
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const print = (now) => () => { printing = now; draw(true); };
  window.addEventListener("beforeprint", print(true));
  window.addEventListener("afterprint", print(false));
  const fill = (others) => {
    [rows, active, from] = [others, 0, -1];
    element.setAttribute("aria-rowcount", rows.length);
    element.scrollTop = 0;
    draw(true);
  };
  const enter = () => element.focus();
  keysOfView = { j: enter, k: enter, ArrowDown: enter, ArrowUp: enter };
  return { element, fill };
}

// --- one cluster -------------------------------------------------------------------------------------------------

const MEMBERS_SHOWN = 100;

function clusterView(cluster, left, right) {
  const told = DATA.clusters, kept = told.kept[cluster];
  const all = members(cluster);
  const others = all.filter((one) => one.pair >= 0);
  const is = (document) => all.some((one) => one.document === document);
  const two = [is(left) ? left : kept, is(right) ? right : others[0].document];
  const place = SUMMARIES.length > 1 ? h("p", { class: "steps" },
    cluster > 0 ? h("a", { href: `#/cluster/${cluster - 1}` }, "Cluster before") : null, " ",
    cluster + 1 < SUMMARIES.length ? h("a", { href: `#/cluster/${cluster + 1}` }, "Next cluster") : null) : null;
  const shownMost = (limit) => others.slice(0, limit).map((one) => memberRow(cluster, one));
  const body = h("tbody", null,
    h("tr", { class: "kept" }, h("td", null, h("b", { class: "fate" }, "keep"), fateDecided(kept)), h("td", null, named(DOCS.ids[kept]), flags(kept)), h("td", { class: "right" }, number(DOCS.words[kept])),
      h("td", { colspan: "4", class: "why" }, whyKept(cluster, others), decideCluster(all))),
    shownMost(MEMBERS_SHOWN));
  const more = others.length > MEMBERS_SHOWN
    ? h("button", { type: "button", on: { click: () => { body.append(...others.slice(MEMBERS_SHOWN).map((one) => memberRow(cluster, one))); more.remove(); } } }, `Show all ${number(others.length)} copies`) : null;
  return [
    h("h1", null, `Cluster ${number(cluster + 1)}: one text in ${count(all.length, "document")}`), place,
    h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Members of the cluster" },
      h("table", { class: "members" }, h("caption", { class: "unseen" }, "Members of the cluster"),
        h("thead", null, h("tr", null, ["", "document", "words", "relation", "words in the kept one", "why", ""].map((one, at) => h("th", { scope: "col", class: at === 2 ? "right" : null }, one)))), body)),
    more,
    comparison({ name: `c${cluster}`, kept, left: two[0], right: two[1], all: all.map((one) => one.document), path: `#/cluster/${cluster}` }),
  ];
}

function flags(document) {
  return flagsOf(document).map((kind) => h("span", { class: "flag", title: DAMAGE[kind] || "" }, ` ${kind}`));
}

function whyKept(cluster, others) {
  const told = DATA.clusters;
  const cleaner = others.filter((one) => told.cleaner[one.pair] === 1).length;
  if (DATA.decided.some((one) => one.decision === "keep" && one.id === DOCS.ids[told.kept[cluster]])) return "you decided so";
  if (cleaner) return `where they differ, its words are the original ones, not those of ${cleaner === others.length ? (cleaner === 1 ? "the copy" : "any copy") : `${number(cleaner)} of ${count(others.length, "copy", "copies")}`}`;
  return "nothing tells which has the original readings: the longest is kept, or the first by name";
}

function memberRow(cluster, { document, pair }) {
  const told = DATA.clusters, relation = DATA.relations[told.relation[pair]];
  return h("tr", null,
    h("td", null, h("b", { class: "fate drop" }, "drop"), fateDecided(document)),
    h("td", null, named(DOCS.ids[document]), flags(document)), h("td", { class: "right" }, number(DOCS.words[document])),
    h("td", null, badge(relation)), h("td", null, meter(told.within[pair]), ` ${share(told.within[pair])}`),
    h("td", { class: "why" }, whyDropped(pair, relation)),
    h("td", null, h("a", { href: `#/cluster/${cluster}/${told.kept[cluster]}/${document}`, "aria-label": `Compare ${shown(DOCS.ids[document])} with the kept one` }, "compare"), decideMember(told.kept[cluster], document)));
}

function whyDropped(pair, relation) {
  const told = DATA.clusters;
  const figures = `${MEANING[relation]}; ${count(told.replaced[pair], "word")} replaced; resemblance ${told.resemblance[pair]}`;
  if (relation === "exact") return figures;
  if (!told.cleaner[pair]) return [figures, ". Nothing tells which has the original readings."];
  const sign = told.cleaner[pair] === 1 ? 1 : -1;
  const which = sign > 0 ? "The kept one is the cleaner" : "This one is the cleaner by itself, but the kept one by more";
  return [`${figures}. ${which}, ${surely(told.confidence[pair])} sure: `,
    h("span", { class: "quiet" }, `${reasons(told.direction[pair], sign).map(([reason, odds]) => `${reason} (${signed(odds)})`).join(", ")} (log-odds: 2.3 is ten to one).`)];
}

// --- shared passages ---------------------------------------------------------------------------------------------

function sharedList() {
  keysOfView = { j: () => nextLink(1), k: () => nextLink(-1) };
  const { pairs, passages, equal, count: all } = DATA.reuse;
  const rows = pairs.map(([a, b], at) => [h("a", { href: `#/shared/${at}` }, named(DOCS.ids[a]), " and ", named(DOCS.ids[b])), passages[at], equal[at]]);
  return [h("h1", null, "Shared passages"),
    h("p", null, all ? `${count(all, "pair")} of documents share passages without being copies of each other.` : "No two documents share a passage without being copies.",
      all > pairs.length ? ` The ${number(pairs.length)} that share most are listed; dedup scan --format jsonl lists all.` : ""),
    rows.length ? paged(rows, (some) => table("Documents that share passages", ["documents", { text: "passages", right: true }, { text: "equal words", right: true }], some, { class: "pairs" })) : null];
}

/** Goes from link to link of a table. */
function nextLink(by) {
  const links = [...document.querySelectorAll(".pairs a")];
  const here = links.indexOf(document.activeElement);
  links[here < 0 ? 0 : Math.max(0, Math.min(links.length - 1, here + by))]?.focus();
}

const PAGE_ROWS = 200;

/** A long table, some rows at first and all when asked. */
function paged(rows, drawn) {
  const place = h("div", null, drawn(rows.slice(0, PAGE_ROWS)));
  if (rows.length > PAGE_ROWS)
    place.append(h("button", { type: "button", on: { click: () => place.replaceChildren(drawn(rows)) } }, `Show all ${number(rows.length)}`));
  return place;
}

function sharedView(at) {
  const [a, b] = DATA.reuse.pairs[at];
  const place = h("div", null, h("p", { class: "quiet" }, "Unpacking…"));
  record(`r${at}`).then((found) => {
    if (!found) return place.replaceChildren(notHeld(a, b));
    const total = DATA.reuse.passages[at];
    place.replaceChildren(
      total > found.passages.length ? h("p", null, `The first ${found.passages.length} of ${number(total)} passages:`) : "",
      ...found.passages.flatMap((one, index) => [
        h("h2", null, `Passage ${index + 1}: ${count(one.equal, "equal word")}`),
        h("p", { class: "quiet" }, `characters ${number(one.a[0])}\u2013${number(one.a[1])} and ${number(one.b[0])}\u2013${number(one.b[1])}`),
        texts(pieces(one.text, [], one.edits), [a, b], null).element]));
  });
  return [h("h1", null, named(DOCS.ids[a]), " and ", named(DOCS.ids[b])), h("p", null, "These share passages; neither is a copy of the other, so neither is dropped for it.",
    [a, b].filter((one) => keptFor(one) !== undefined).map((one) => [" ", named(DOCS.ids[one]), " is a copy of ", named(DOCS.ids[keptFor(one)]), ", and dropped for that."])), place];
}
