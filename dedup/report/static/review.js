// Decisions, where the page is served by dedup review: buttons that send one, and the list of all.

const READING_MOST = 20000;
const LATER = "The rest of the page stays as it was scanned; the next dedup clean or report obeys. ";
let decided = [];

async function decide(decision) {
  const answer = await fetch("decisions", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(decision) }).catch(() => null);
  const told = answer?.ok ? `Decided: ${inWords(decision)}. ${LATER}` : "This could not be written down: is dedup review still running?";
  tell(told);
  if (answer?.ok) await refreshDecisions();
  $("decided")?.replaceChildren(told, answer?.ok ? h("a", { href: "#/decisions" }, "Take it back") : "");
  return Boolean(answer?.ok);
}

async function refreshDecisions() {
  const answer = await fetch("decisions").catch(() => null);
  if (answer?.ok) decided = await answer.json();
  markDecided();
}

/** A place below "keep" or "drop" for what was decided since. */
function fateDecided(document) {
  if (!DATA.review) return null;
  const place = h("small", { class: "fate-decided" });
  place.named = DOCS.ids[document];
  return place;
}

/** What stands decided is pressed, and each document says what becomes of it by that; of two to keep the later counts. */
function markDecided() {
  const places = [...document.querySelectorAll(".fate-decided")];
  const all = standing(places.map((one) => one.named));
  const last = all.findLast((one) => one.decision === "keep");
  const now = all.filter((one) => one.decision !== "keep" || one === last);
  for (const button of document.querySelectorAll(".decide")) button.setAttribute("aria-pressed", String(now.some((one) => sent(one) === button.sent)));
  for (const place of places) {
    const stays = now.some((one) => one.decision === "apart" && one.ids.includes(place.named));
    place.textContent = last?.id === place.named ? "you: keep" : stays ? "you: stays" : "";
  }
}

/** A decision by what it decides: not who wrote which digests of it. */
const sent = ({ digests, ...one }) => JSON.stringify(Object.entries(one).sort());

/** The decisions about these documents that were not withdrawn. */
function standing(ids) {
  const gone = new Set(decided.filter((one) => one.decision === "withdraw").map((one) => one.number));
  return decided.filter((one, at) => !gone.has(at + 1) && one.decision !== "withdraw" && (one.ids || [one.id]).some((id) => ids.includes(id)));
}

const names_ = (ids) => (ids.length > 3 ? `${ids.slice(0, 3).join(", ")} and ${ids.length - 3} more` : ids.join(" and "));

function inWords(one) {
  return {
    keep: () => `${one.id} is kept`, apart: () => `${names_(one.ids)} are no copies of each other`, confirm: () => `${names_(one.ids)} are rightly one cluster`,
    reading: () => `in ${one.id}, “${one.before || "nothing"}” becomes “${one.after || "nothing"}” (${one.witness})`, withdraw: () => `number ${one.number} is withdrawn`,
  }[one.decision]();
}

function decisionButton(text, decision, label) {
  const button = h("button", { type: "button", class: "decide", "aria-label": label || null, title: label || null, "aria-pressed": "false", on: { click: () => decide(decision) } }, text);
  button.sent = sent(decision);
  return button;
}

function decideCluster(all) {
  if (!DATA.review) return null;
  const ids = all.map((one) => DOCS.ids[one.document]);
  refreshDecisions().then(() => {
    const before = standing(ids).map(inWords);
    if (before.length && !$("decided")?.textContent) $("decided")?.replaceChildren(`Decided before: ${before.join("; ")}.`);
  });
  return h("div", { class: "decisions" }, decisionButton("Confirm", { decision: "confirm", ids }, "Confirm: these are rightly copies"),
    decisionButton("Split", { decision: "apart", ids }, "Split: none is a copy, all of them stay"), h("span", { id: "decided", role: "status" }));
}

function decideMember(kept, document) {
  if (!DATA.review) return null;
  const id = DOCS.ids[document];
  return h("div", { class: "decisions" }, decisionButton("Keep this one", { decision: "keep", id }, `Keep ${shown(id)} instead`),
    decisionButton("No copy", { decision: "apart", ids: [DOCS.ids[kept], id] }, `${shown(id)} is no copy of the kept one`));
}

/** Puts the copy's reading into the kept text; places are told in characters of that, as Python counts. */
function decideReading(text, piece, two) {
  if (!DATA.review || piece.keptSide === undefined || piece.kind === "move") return null;
  const [kept, copy] = piece.keptSide ? [two[1], two[0]] : two;
  const [before, after] = piece.keptSide ? [piece.b, piece.a] : [piece.a, piece.b];
  if (Math.max(before.length, after.length) > READING_MOST) return null;
  const start = [...text.slice(0, piece.start)].length;
  return decisionButton("Take the copy's reading", { decision: "reading", id: DOCS.ids[kept], start, stop: start + [...before].length, before, after, witness: DOCS.ids[copy] });
}

function decisionsView() {
  const place = h("div");
  const draw = () => {
    const gone = new Set(decided.filter((one) => one.decision === "withdraw").map((one) => one.number));
    const rows = decided.map((one, at) => [at + 1, inWords(one), gone.has(at + 1) ? "withdrawn" : one.decision === "withdraw" ? "" :
      h("button", { type: "button", "aria-label": `Withdraw number ${at + 1}`, on: { click: () => decide({ decision: "withdraw", number: at + 1 }).then(draw) } }, "Withdraw")]);
    place.replaceChildren(rows.length ? table("In the order in which they were made", [{ text: "number", right: true }, "decision", ""], rows) : h("p", null, "Nothing was decided yet."));
  };
  refreshDecisions().then(draw);
  return [h("h1", null, "Decisions"), h("p", null, "They stand in ", h("code", null, DATA.review), " beside this page. The next dedup report of the same name obeys them, and so does ", h("code", null, `dedup clean SOURCE -o FOLDER --decisions ${DATA.review}`), "."), place];
}
