// Plots, drawn from the data as SVG; each has its figures in a table below, for those who cannot see it.

const WIDE = 440, HIGH = 210, LEFT = 46, BELOW = 34, ABOVE = 14, BESIDE = 10;
const across = (value) => LEFT + value * (WIDE - LEFT - BESIDE);
const up = (value) => HIGH - BELOW - value * (HIGH - BELOW - ABOVE);

const swatch = (name, text) => h("span", { class: "swatch" }, s("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, s("rect", { x: 1, y: 1, width: 10, height: 10, class: name })), ` ${text} `);

function figure(title, told, drawn, heads, rows, legend) {
  return h("figure", { class: "plot" },
    h("figcaption", null, h("strong", null, title), h("span", null, told), legend),
    s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `${title}. ${told}` }, drawn),
    h("details", null, h("summary", null, "The figures"), table(title, heads, rows)));
}

const words = (x, y, text, anchor) => s("text", { x, y, "text-anchor": anchor || "middle" }, text);
const line = (x1, y1, x2, y2, name) => s("line", { x1, y1, x2, y2, class: name });

function axes(most, label, ticks) {
  return [
    line(LEFT, up(0), WIDE - BESIDE, up(0), "axis"),
    ...[0, 0.5, 1].map((at) => [line(LEFT, up(at), WIDE - BESIDE, up(at), "grid"),
      words(LEFT - 6, up(at) + 4, most(at), "end")]),
    ...ticks.map(([at, text]) => words(across(at), HIGH - BELOW + 15, text)),
    words(across(0.5), HIGH - 3, label),
  ];
}

/** The least round number that is not below a value: a good top for an axis. */
function rounded(value) {
  const step = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 4, 5, 10].map((one) => one * step).find((one) => one >= value && one % 2 === 0) || Math.max(2, value);
}

const TENTHS = [0, 0.2, 0.4, 0.6, 0.8, 1].map((at) => [at, String(at)]);

function similarityPlot() {
  const { copies, reuse } = DATA.histogram;
  const most = rounded(Math.max(1, ...copies.map((one, at) => one + reuse[at])));
  const wide = (WIDE - LEFT - BESIDE) / copies.length;
  const bar = (at, from, value, name) =>
    value ? s("rect", { x: across(at / copies.length) + 1, width: wide - 2, y: up((from + value) / most),
      height: Math.max(1.5, up(from / most) - up((from + value) / most)), class: name }) : null;
  const drawn = [
    ...axes((at) => number(Math.round(at * most)), "resemblance (runs of 5 words in common)", TENTHS),
    copies.map((value, at) => [bar(at, 0, value, "copies"), bar(at, value, reuse[at], "reuse")]),
    line(across(DATA.threshold), ABOVE - 6, across(DATA.threshold), up(0), "limit"),
    words(across(DATA.threshold) - 5, ABOVE + 4, `threshold ${DATA.threshold}`, "end"),
  ];
  const rows = copies.map((value, at) => [`${at / copies.length} to ${(at + 1) / copies.length}`, value, reuse[at]])
    .filter(([, one, other]) => one + other);
  return figure("How alike pairs are", `Resemblance is the share of all runs of 5 words that both texts have. From ${DATA.threshold} on, a pair is a near copy; copies left of that were found by other signs.`,
    drawn, ["resemblance", { text: "copies", right: true }, { text: "shared passages", right: true }], rows,
    h("span", null, swatch("copies", "copies"), swatch("reuse", "shared passages")));
}

function sizesPlot() {
  const shownMost = 12;
  const rows = DATA.sizes.filter(([size]) => size < shownMost);
  const rest = DATA.sizes.filter(([size]) => size >= shownMost).reduce((sum, [, value]) => sum + value, 0);
  const bars = [...rows.map(([size, value]) => [String(size), value]), ...(rest ? [[`${shownMost}+`, rest]] : [])];
  const most = rounded(Math.max(1, ...bars.map(([, value]) => value)));
  const step = 1 / Math.max(4, bars.length);
  const drawn = [
    ...axes((at) => number(Math.round(at * most)), "documents in a cluster", bars.map(([text], at) => [(at + 0.5) * step, text])),
    bars.map(([, value], at) => [
      s("rect", { x: across((at + 0.15) * step), width: (WIDE - LEFT - BESIDE) * step * 0.7, y: up(value / most), height: up(0) - up(value / most), class: "copies" }),
      words(across((at + 0.5) * step), up(value / most) - 4, number(value)),
    ]),
  ];
  return figure("How large clusters are", "Clusters by how many documents they have, the kept one among them.", drawn,
    [{ text: "documents", right: true }, { text: "clusters", right: true }], DATA.sizes);
}

function curvePlot() {
  const { bands, rows, recall } = DATA.curve;
  const points = recall.map((value, at) => `${across(at / (recall.length - 1)).toFixed(1)},${up(value).toFixed(1)}`).join(" ");
  const at = recall[Math.round(DATA.threshold * (recall.length - 1))];
  const drawn = [
    ...axes((value) => `${Math.round(100 * value)} %`, "resemblance", TENTHS),
    line(across(DATA.threshold), ABOVE - 6, across(DATA.threshold), up(0), "limit"),
    s("polyline", { points, class: "curve" }),
    s("circle", { cx: across(DATA.threshold), cy: up(at), r: 4, class: "dot" }),
    words(across(DATA.threshold) + (DATA.threshold > 0.75 ? -8 : 8), up(at) + 22, `${surely(at)} at ${DATA.threshold}`, DATA.threshold > 0.75 ? "end" : "start"),
  ];
  return figure("Which light edits are found", `The chance that a quick look (${bands} bands of ${rows} rows) brings two documents together to be compared. Spun copies and shared passages are found by two other looks.`,
    drawn, [{ text: "resemblance", right: true }, { text: "chance", right: true }],
    recall.map((value, point) => [String(point / (recall.length - 1)), share(value)]).filter((_, point) => point % 5 === 0));
}

const NODES = 12;
const NAME_PIXELS = 8; // what a letter takes on a telephone, where it is largest

/** Who copies whom: sources in a ring, an arrow for copies, a dashed line for shared passages. */
function linksPlot() {
  const { told, names, rows, count: all } = DATA.links;
  const weight = names.map((_, node) => rows.reduce((sum, [a, b, copies, reuse]) => sum + (a === node || b === node ? copies + reuse : 0), 0));
  const nodes = range(names.length).sort((one, other) => weight[other] - weight[one]).slice(0, NODES);
  const place = new Map(nodes.map((node, at) => {
    const turn = (2 * Math.PI * at) / nodes.length - Math.PI / 2;
    return [node, [WIDE / 2 + Math.cos(turn) * 105, 108 + Math.sin(turn) * 74]];
  }));
  const most = Math.max(1, ...rows.map(([, , copies, reuse]) => Math.max(copies, reuse)));
  const thick = (value) => 1.5 + 2 * Math.sqrt(value / most);
  const drawn = [s("defs", null, s("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 14, markerHeight: 14, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" },
    s("path", { d: "M0 0L8 4L0 8z", class: "tip" })))];
  for (const [a, b, copies, reuse] of rows) {
    if (!place.has(a) || !place.has(b)) continue;
    const [from, to] = [place.get(a), place.get(b)];
    const middle = [(from[0] + to[0]) / 2 + (108 - (from[1] + to[1]) / 2) * 0.25 + (to[1] - from[1]) * 0.08,
      (from[1] + to[1]) / 2 + ((from[0] + to[0]) / 2 - WIDE / 2) * 0.1 - (to[0] - from[0]) * 0.08];
    const own = a === b ? `M${from[0] - 5} ${from[1] - 8}c-20 -30 30 -30 10 0` : null;
    if (reuse) drawn.push(s("path", { d: own || `M${from}Q${middle} ${to}`, class: "link-reuse", "stroke-width": thick(reuse) }));
    if (copies) {
      const length = Math.hypot(to[0] - middle[0], to[1] - middle[1]) || 1;
      const end = [to[0] - ((to[0] - middle[0]) / length) * 10, to[1] - ((to[1] - middle[1]) / length) * 10];
      drawn.push(s("path", { d: own || `M${from}Q${middle} ${end}`, class: "link-copies", "stroke-width": thick(copies), "marker-end": "url(#tip)" }));
    }
  }
  const taken = [];
  const free = (x, y, text, by) => { // one line further out where a name would run into another
    const half = text.length * NAME_PIXELS / 2;
    const at = taken.some(([other, line_, wide]) => line_ === y && Math.abs(other - x) < half + wide) ? y + by : y;
    taken.push([x, at, half]);
    return at;
  };
  for (const [node, [x, y]] of place) {
    const name = names[node].length > 24 ? `…${names[node].slice(-23)}` : names[node];
    drawn.push(s("circle", { cx: x, cy: y, r: 7, class: "node" }, s("title", null, names[node])),
      words(x, y > 108 ? free(x, Math.round(y + 21), name, 17) : free(x, Math.round(y - 12), name, -17), name));
  }
  const told_ = all ? `From a ${told} to the one that its copies give way to (arrows), and shared passages (dashed).` : "Nothing is shared between documents.";
  return figure("Who copies whom", told_, drawn,
    ["from", "to", { text: "copies", right: true }, { text: "pairs with shared passages", right: true }],
    rows.map(([a, b, copies, reuse]) => [named(names[a]), named(names[b]), copies, reuse]));
}
