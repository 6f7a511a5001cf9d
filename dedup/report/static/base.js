// What every view uses: elements made of text, never of markup; numbers and names as people read them.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ud800-\udfff]/gu;

/** A text in which what cannot be seen, or steers what follows, is written out. */
function shown(text) {
  return String(text).replace(HIDDEN, (one) => {
    const code = one.codePointAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : `[U+${code.toString(16).toUpperCase().padStart(4, "0")}]`;
  });
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, shown(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(shown(child)));
  }
  return element;
}

/** An element of HTML with attributes, listeners (`on`) and children, which are elements or text. */
const h = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);
/** The same of SVG. */
const s = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);
/** A document's name, in a direction of its own. */
const named = (name) => h("bdi", { class: "name" }, name);

const whole = new Intl.NumberFormat("en");
const number = (value) => whole.format(value);
/** A probability, which is never told to be certain. */
const surely = (value) => (value > 0.999 ? "over 99.9 %" : share(value));
const share = (value) => (value > 0.999 && value < 1 ? "over 99.9 %" : `${whole.format(Math.round(value * 1000) / 10)} %`);
const count = (value, noun, plural) => `${number(value)} ${value === 1 ? noun : plural || noun + "s"}`;
const signed = (value) => (value > 0 ? "+" : value < 0 ? "\u2212" : "") + Math.abs(value).toFixed(1);
const range = (length) => Array.from({ length }, (_, at) => at);

/** Says something to those who listen to the page. */
function tell(text) {
  $("told").textContent = text;
}

/** A table with a caption; numbers stand to the right. */
function table(caption, heads, rows, attributes) {
  const cell = (tag, value, at) =>
    h(tag, { class: typeof rows[0]?.[at] === "number" || heads[at].right ? "right" : null, scope: tag === "th" ? "col" : null },
      typeof value === "number" ? number(value) : value);
  return h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption },
    h("table", attributes,
      h("caption", null, caption),
      h("thead", null, h("tr", null, heads.map((head, at) => cell("th", head.text || head, at)))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map((value, at) => cell("td", value, at)))))));
}
