// Which view is shown, the keys, and light and dark.

const VIEWS = [["#/", "Overview"], ["#/clusters", "Clusters"], ["#/shared", "Shared passages"], ...(DATA.review ? [["#/decisions", "Decisions"]] : [])];
let keysOfView = {};

const go = (hash) => { location.hash = hash; };

function view() {
  if (DATA.mode === "diff") return diffView();
  const [, name, ...numbers] = location.hash.split("/");
  const [one, left, right] = numbers.map((text) => (/^\d+$/.test(text) ? Number(text) : -1));
  if (name === "decisions" && DATA.review) return decisionsView();
  if (name === "clusters") return clusterList();
  if (name === "cluster" && one >= 0 && one < SUMMARIES.length) return clusterView(one, left, right);
  if (name === "shared" && one >= 0 && one < DATA.reuse.pairs.length) return sharedView(one);
  if (name === "shared") return sharedList();
  return overview();
}

function diffView() {
  const relation = DATA.relation;
  return [h("h1", null, named(DOCS.ids[0]), " and ", named(DOCS.ids[1])),
    h("p", null, relation ? [badge(relation), ` ${MEANING[relation]}; `] : "Not copies, and no passages shared; ", `resemblance ${DATA.resemblance}; ${count(DOCS.words[0], "word")} and ${number(DOCS.words[1])}.`),
    comparison({ name: "c0", kept: 0, left: 0, right: 1, all: [0, 1], path: "#" })];
}

function show(first) {
  keysOfView = {};
  $("main").replaceChildren(...[view()].flat(Infinity).filter((one) => one !== null && one !== false));
  const at = location.hash.split("/")[1] || "";
  for (const link of $("views").children) {
    const own = link.getAttribute("href").split("/")[1];
    if (own === at || (own === "clusters" && at === "cluster")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (first) return;
  window.scrollTo(0, 0);
  $("main").focus({ preventScroll: true });
}

// --- keys --------------------------------------------------------------------------------------------------------

const KEYS = [
  DATA.review ? ["1 2 3 4", "overview, clusters, shared passages, decisions"] : ["1 2 3", "overview, clusters, shared passages"], ["/", "search the clusters"], ["arrows, j, k, Enter", "move in a list, open what is chosen"],
  ["n, p", "next and previous difference"], ["f", "fold or show what agrees"], ["[ and ]", "cluster before, next cluster"], ["t", "light or dark"],
  ["u", "back to the list"], ["?", "these keys"],
];
let keysOn = true;

function help() {
  const on = h("input", { type: "checkbox", id: "keys-on", on: { change: (event) => { keysOn = event.target.checked; } } });
  on.checked = keysOn;
  $("help").replaceChildren(h("h2", { id: "help-title" }, "Keys"),
    h("dl", null, KEYS.map(([keys, told]) => [h("dt", null, h("kbd", null, keys)), h("dd", null, told)])),
    h("label", { class: "check" }, on, " single keys do this"), h("form", { method: "dialog" }, h("button", { type: "submit" }, "Close")));
  if (!$("help").open) $("help").showModal();
}

function near(by) {
  const [, name, one] = location.hash.split("/");
  const to = Number(one) + by;
  if (name === "cluster" && to >= 0 && to < SUMMARIES.length) go(`#/cluster/${to}`);
}

const COMMON = {
  ...(DATA.review ? { 4: () => go("#/decisions") } : {}),
  1: () => go("#/"), 2: () => go("#/clusters"), 3: () => go("#/shared"), t: () => turn(), "?": () => help(), "[": () => near(-1), "]": () => near(1),
  u: () => go(location.hash.startsWith("#/shared/") ? "#/shared" : "#/clusters"),
  "/": () => { go("#/clusters"); setTimeout(() => $("search")?.focus(), 50); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keysOn || $("help").open) return;
  if (event.target.closest?.("input, select, textarea")) return;
  const act = keysOfView[event.key] || (DATA.mode === "scan" || event.key === "t" || event.key === "?" ? COMMON[event.key] : null);
  if (!act) return;
  event.preventDefault();
  act();
});

// --- light and dark ----------------------------------------------------------------------------------------------

const systemDark = matchMedia("(prefers-color-scheme: dark)");
let dark = null; // as the system says, until the person does

function paint() {
  const now = dark ?? systemDark.matches;
  document.documentElement.style.colorScheme = dark === null ? "light dark" : now ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", String(now));
}

function turn() {
  dark = !(dark ?? systemDark.matches);
  paint();
}

systemDark.addEventListener("change", paint);
$("theme").addEventListener("click", turn);
$("keys").addEventListener("click", help);
$("skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
if (DATA.mode === "scan") $("views").append(...VIEWS.map(([href, text]) => h("a", { href }, text)));
window.addEventListener("hashchange", () => show(false));
paint();
show(true);
document.documentElement.dataset.ready = Math.round(performance.now());
