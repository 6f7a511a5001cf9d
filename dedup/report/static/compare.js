// Two documents side by side: lines that face each other, what differs marked, what agrees folded, and what is known of
// each place.

const LINES_AT_ONCE = 120;
const CONTEXT = 1, FOLDED_MIN = 3;
const LONG = 3000;
/** What differs, in a line: the ledger counts words and phrases, so these are no words alone. */
const COUNTED = { substitution: "replaced (words or phrases)" };
const KIND_TOLD = { substitution: "replaced", insertion: "added", deletion: "left out", move: "moved", formatting: "written otherwise" };
const MARKED = [["↵\n", /\n/g], ["⇥", /\t/g], ["⍽", /\u00a0/g], ["·", / /g]];

/** The section of a cluster in which any two of its documents are compared. */
function comparison(asked) {
  const section = h("section", { class: "comparison", "aria-labelledby": "compare-title" });
  const choose = (label, side) => h("label", null, h("span", null, label),
    h("select", { id: `choose-${side}`, on: { change: (event) => {
      const two = { left: asked.left, right: asked.right, [side]: Number(event.target.value) };
      go(`${asked.path}/${two.left}/${two.right}`);
    } } }, asked.all.map((one) => h("option", { value: one, selected: one === asked[side] }, shown(DOCS.ids[one]), one === asked.kept ? " (kept)" : ""))));
  const place = h("div", null, h("p", { class: "quiet" }, "Unpacking…"));
  const pickers = asked.all.length > 1 && DATA.mode === "scan"
    ? h("form", { class: "filters two", on: { submit: (event) => event.preventDefault() } }, choose("Left", "left"), choose("Right", "right")) : null;
  section.append(h("h2", { id: "compare-title" }, "Side by side"), ...(pickers ? [pickers] : []), place);
  const started = performance.now();
  record(asked.name).then((found) => {
    place.replaceChildren(...[sideBySide(found, asked)].flat());
    document.documentElement.dataset.compared = Math.round(performance.now() - started);
  });
  return section;
}

const notHeld = (a, b) => h("p", { class: "warning" }, "This page does not hold the texts of these two, for their length or for room. Side by side: ",
  h("code", null, `dedup diff "${DOCS.ids[a]}" "${DOCS.ids[b]}" --format html -o two.html`));

function sideBySide(found, asked) {
  const { left, right, kept } = asked;
  const lacks = (one) => one !== kept && !found.edits[one];
  if (!found || lacks(left) || lacks(right)) return notHeld(left, right);
  const all = pieces(found.text, left === kept ? [] : found.edits[left], right === kept ? [] : found.edits[right]);
  const differing_ = all.filter((piece) => piece.kind !== undefined);
  if (!differing_.length) return [h("p", null, "The two texts are the same."), texts(all, [left, right], null).element];
  const card = placeCard([left, right]);
  const shown_ = texts(all, [left, right], card);
  [card.jump, card.text] = [shown_.jump, found.text];
  all.forEach((piece, at) => piece.keptSide !== undefined && card.numbers.set(`${piece.keptSide} ${piece.index}`, at));
  const counts = DATA.kinds.map((kind) => [kind, differing_.filter((piece) => piece.kind === kind).length]).filter(([, value]) => value);
  const told = counts.map(([kind, value]) => `${number(value)} ${COUNTED[kind] || KIND_TOLD[kind]}`).join(", ");
  const step = (by, text) => h("button", { type: "button", on: { click: () => shown_.step(by) } }, text);
  const fold = h("button", { type: "button", id: "fold", "aria-pressed": "true", on: { click: () => {
    const folded = fold.getAttribute("aria-pressed") !== "true";
    fold.setAttribute("aria-pressed", String(folded));
    shown_.fold(folded);
  } } }, "Fold what agrees");
  keysOfView = { n: () => shown_.step(1), p: () => shown_.step(-1), f: () => fold.click() };
  return [
    h("div", { class: "bar" }, h("p", null, told), step(-1, "Previous difference"), step(1, "Next difference"), fold),
    h("div", { class: "beside" }, shown_.element, h("aside", { "aria-label": "At this place, and the ledger" }, card.element, ledgerTable(all, shown_.jump))),
  ];
}

function ledgerTable(all, jump) {
  const rows = ledger(all);
  if (!rows.length) return h("p", { class: "quiet" }, "No words were replaced.");
  const made = (some) => table("Ledger: what stands for what; a number leads to the places", ["left", "right", { text: "times", right: true }], some.map(([a, b, at]) => {
    let turn = 0;
    return [h("del", null, a), h("ins", null, b), h("button", { type: "button", class: "times", "aria-label": `${shown(a)} and ${shown(b)}: ${at.length} times; go to the next`,
      on: { click: (event) => {
        jump(at[turn % at.length]);
        event.currentTarget.textContent = `${number((turn++ % at.length) + 1)} of ${number(at.length)}`;
      } } }, number(at.length))];
  }), { class: "ledger" });
  return h("div", { class: "ledger-place" }, paged(rows, made));
}

/** Two texts in lines that face each other. card: what is told of a place, if anything is. */
function texts(all, two, card) {
  const rows = lines(all);
  const numbers = new Map(all.map((piece, at) => [piece, at]));
  const places = range(all.length).filter((at) => all[at].kind !== undefined);
  const lineOf = new Map();
  rows.forEach((row, at) => row.forEach((piece) => piece.kind !== undefined && lineOf.set(numbers.get(piece), at)));
  const head = ["left", "right"].map((side, at) => h("th", { scope: "col" }, h("span", { class: "side" }, side), " ", named(DOCS.ids[two[at]])));
  const element = h("table", { class: "texts" }, h("caption", { class: "unseen" }, "Two documents side by side"), h("thead", null, h("tr", null, head)));
  const make = (at) => h("tr", { id: null }, [0, 1].map((side) => cell(rows[at], side, numbers)));
  const state = { folded: true, current: -1, held: false, still: false, made: 0, plan: [] };

  const plan = () => {
    const differs = rows.map((row) => row.some((piece) => piece.kind !== undefined));
    const near = rows.map((_, at) => differs.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(Boolean));
    const steps = [];
    for (let at = 0; at < rows.length; ) {
      let stop = at;
      while (stop < rows.length && !near[stop]) stop += 1;
      if (state.folded && stop - at >= FOLDED_MIN && differs.some(Boolean)) steps.push({ from: at, to: stop, fold: true });
      else range(stop - at).forEach((one) => steps.push({ from: at + one, to: at + one + 1 }));
      at = stop;
      if (at < rows.length) steps.push({ from: at, to: ++at });
    }
    return steps;
  };
  const foldRow = ({ from, to }) => {
    const row = h("tr", { class: "fold" }, h("td", { colspan: "2" }, h("button", { type: "button", on: { click: () => row.replaceWith(...range(to - from).map((at) => make(from + at))) } },
      `⋯ ${count(to - from, "line")} that agree: show`)));
    return row;
  };
  const body = h("tbody");
  const rest = h("button", { type: "button", class: "rest", on: { click: () => extend(state.made + LINES_AT_ONCE) } });
  const extend = (to) => {
    const some = state.plan.slice(state.made, to);
    body.append(...some.map((step) => (step.fold ? foldRow(step) : make(step.from))));
    state.made = Math.max(state.made, Math.min(to, state.plan.length));
    rest.hidden = state.made >= state.plan.length;
    rest.textContent = `Show more (${number(state.plan.length - state.made)} lines left)`;
  };
  const draw = () => {
    [state.plan, state.made] = [plan(), 0];
    body.replaceChildren();
    extend(LINES_AT_ONCE);
  };
  const marks = (at) => body.querySelectorAll(`[data-at="${at}"]`);
  /** What is held stays, whatever the pointer passes over on its way. */
  const hold = (held) => {
    state.held = held;
    element.classList.toggle("held", held);
  };
  const see = (at) => {
    if (at === state.current) return;
    hold(false);
    marks(state.current).forEach((one) => { one.classList.remove("on"); one.tabIndex = -1; });
    state.current = at;
    marks(at).forEach((one, index) => { one.classList.add("on"); one.tabIndex = index ? -1 : 0; });
    card?.show(all[at], at);
  };
  const jump = (at) => {
    const line_ = lineOf.get(at);
    const step = state.plan.findIndex(({ from, to }) => from <= line_ && line_ < to);
    if (step >= state.made) extend(step + LINES_AT_ONCE);
    see(at);
    const [mark] = marks(at);
    state.still = true; // the text moves below the pointer, which points at nothing by that
    mark?.scrollIntoView({ block: "center", behavior: "instant" });
    mark?.focus({ preventScroll: true });
  };
  const step = (by) => {
    const here = places.indexOf(state.current);
    jump(places[here < 0 ? (by > 0 ? 0 : places.length - 1) : (here + by + places.length) % places.length]);
  };
  const under = (event) => event.target.closest?.("[data-at]");
  body.addEventListener("pointermove", (event) => {
    if (event.movementX || event.movementY) state.still = false;
    if (!state.still && !state.held && under(event)) see(Number(under(event).dataset.at));
  });
  body.addEventListener("click", (event) => {
    const at = under(event) ? Number(under(event).dataset.at) : -1;
    const held = at >= 0 && !(state.held && at === state.current);
    if (at >= 0) see(at);
    hold(held);
  });
  body.addEventListener("focusin", (event) => under(event) && see(Number(under(event).dataset.at)));
  body.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by || !under(event)) return;
    event.preventDefault();
    step(by);
  });
  draw();
  element.append(body);
  const first = marks(places[0])[0];
  if (first) first.tabIndex = 0;
  return { element: h("div", { class: "texts-place" }, element, rest), jump, step, fold: (folded) => { state.folded = folded; state.current = -1; draw(); } };
}

function cell(row, side, numbers) {
  return h("td", { class: side ? "right-text" : "left-text", dir: "auto" }, row.map((piece) => {
    if (piece.kind === undefined) return piece.text;
    const text = side ? piece.b : piece.a;
    const lacks = !text;
    const attributes = { class: `change ${piece.kind}${lacks ? " nothing" : ""}`, "data-at": numbers.get(piece), tabindex: "-1", "aria-describedby": "place", role: lacks ? "note" : null,
      "aria-label": lacks ? "nothing here" : null };
    return h(side ? "ins" : "del", attributes, lacks ? "" : long(visible(text)));
  }));
}

/** A text in which spaces and line ends that would not be seen have a mark: all where there is nothing else. */
function visible(text) {
  const ends = text.replace(/^[\r\n]+|[\r\n]+$/g, "\u21b5");
  return text.trim() ? ends : MARKED.reduce((told, [mark, what]) => told.replace(what, mark), text);
}

/** The first part of a long text, and a button for the rest. */
function long(text) {
  if (text.length <= LONG) return text;
  const rest = h("button", { type: "button", on: { click: () => rest.replaceWith(document.createTextNode(shown(text.slice(LONG)))) } }, `show ${number(text.length - LONG)} more characters`);
  return [text.slice(0, LONG), " ", rest];
}

// --- what is known of a place ------------------------------------------------------------------------------------

function placeCard(two) {
  const element = h("div", { class: "place", id: "place", role: "note" }, h("p", { class: "quiet" }, "Point at a difference, and what is known of it stands here; click or tap it, and it stays. n and p go to the next and the one before."));
  const card = { element, jump: null, numbers: new Map() };
  card.show = (piece) => {
    const reading = (side, text) => h("p", { class: "reading" }, h("span", { class: "side" }, side), " ", text ? h(side === "left" ? "del" : "ins", null, text.length > 300 ? `${text.slice(0, 300)}…` : visible(text)) : h("i", null, "nothing"));
    const partner = piece.partner === undefined ? undefined : card.numbers.get(`${piece.keptSide} ${piece.partner}`);
    const moved = partner === undefined ? null
      : h("button", { type: "button", on: { click: () => card.jump(partner) } }, piece.a ? "Go to where it came" : "Go to where it left");
    element.classList.add("told");
    const close = h("button", { type: "button", class: "close", "aria-label": "Close", on: { click: () => element.classList.remove("told") } }, "\u00d7");
    element.replaceChildren(...[close, h("h3", null, `Here: ${KIND_TOLD[piece.kind]}`), reading("left", piece.a), reading("right", piece.b), decideReading(card.text, piece, two), moved, verdict(piece, two)].filter(Boolean));
  };
  return card;
}

function verdict(piece, two) {
  if (piece.keptSide === undefined) return h("p", null, "Both differ from the kept copy here.");
  if (piece.sure === undefined) return h("p", { class: "quiet" }, "Nothing is concluded here.");
  const [keptDocument, other] = piece.keptSide ? [two[1], two[0]] : two;
  const told = piece.original
    ? h("p", null, h("b", null, "The original reading is that of "), named(DOCS.ids[piece.original === 1 ? keptDocument : other]), piece.sure >= 100 ? ", over 99 % sure." : `, ${piece.sure} % sure.`)
    : h("p", null, h("b", null, "Not decided: "), "what one text says otherwise, or too little speaks for either.");
  const names = piece.evidence.length > 1 ? DATA.evidence : ["pair"];
  const rows = names.map((name, at) => [name === "pair" ? "what the pair shows as a whole" : DATA.reasons[name] || name, piece.evidence[at]]).filter(([, odds]) => odds);
  const side = (odds) => (odds > 0 === !piece.keptSide ? "left" : "right");
  return [told, rows.length ? h("p", { class: "quiet" }, "What speaks for which, in log-odds (2.3 is ten to one):") : null, rows.length ? h("ul", { class: "evidence" }, rows.map(([name, odds]) => h("li", null, h("span", null, name), h("b", null, `${Math.abs(odds).toFixed(1)} for the ${side(odds)}`)))) : null].filter(Boolean)
    .reduce((place, one) => { place.append(one); return place; }, h("div"));
}
