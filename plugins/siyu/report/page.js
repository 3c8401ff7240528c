"use strict";
/* Draws each chart from the table behind it, at the width there is, so that no text shrinks below its size.
   A table's header says what a column is for (data-role); a cell's data-v is the number it shows, unrounded. */

const SVG = "http://www.w3.org/2000/svg";
const LETTER = 7.2; // width of a digit at the size of the style sheet, in pixels
const SERIES = ["--s1", "--s2", "--s3", "--s4", "--s5", "--s6"].map((name) => `var(${name})`);
const DASHES = ["", "7 3", "2 3", "10 3 2 3", "4 4", "1 2"]; // a line is told by its dashes too, not by colour alone
const language = () => document.documentElement.lang;

/* Text of an element in the reader's language. */
function words(element) {
  const own = element.querySelector(`[lang="${language()}"]`);
  return (own || element).textContent.trim();
}

function shape(parent, name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

const hint = (parent, text) => shape(parent, "title", {}, text);
const shown = (value) => value.toLocaleString("en", { maximumFractionDigits: 6 });

/* Width of a text: Chinese characters are about twice as wide as digits. */
const widthOf = (text) => [...text].reduce((sum, sign) => sum + (sign > "\u2e80" ? 13 : LETTER), 0);

/* A text cut to a width. */
function fit(text, width) {
  if (widthOf(text) <= width) return text;
  let cut = [...text];
  while (cut.length > 1 && widthOf(cut.join("") + "…") > width) cut.pop();
  return cut.join("") + "…";
}

/* Round steps over a range that holds 0, about `wanted` of them. */
function ticks(values, wanted) {
  const low = Math.min(0, ...values), high = Math.max(0, ...values);
  const rough = (high - low || 1) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.floor(low / step), last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

/* The table behind a chart: rows of cells, and the columns of a role. */
function read(figure) {
  const table = figure.querySelector("details table");
  const roles = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.role || "");
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells]);
  const heads = [...table.tHead.rows[0].cells].map(words);
  const units = [...table.tHead.rows[0].cells].map((cell) => (cell.querySelector(".unit") ? words(cell.querySelector(".unit")).slice(1, -1) : ""));
  const all = (role) => roles.flatMap((own, at) => (own === role ? [at] : []));
  return { rows, heads, units, all, one: (role) => all(role)[0] };
}

const number = (cell) => (cell.dataset.v === undefined ? null : Number(cell.dataset.v));

function canvas(figure, height, width) {
  const svg = shape(figure.querySelector(".canvas"), "svg", { width, height, "aria-hidden": "true" });
  return svg;
}

/* Axes of a chart over time: horizontal rules with numbers, and as many labels below as fit. */
function frame(svg, values, labels, width, height) {
  const steps = ticks(values, 5);
  const left = Math.max(...steps.map((step) => widthOf(shown(step)))) + 10, bottom = height - 24;
  const high = steps[steps.length - 1], low = steps[0];
  const y = (value) => 8 + ((high - value) / (high - low)) * (bottom - 8);
  for (const step of steps) {
    shape(svg, "line", { x1: left, x2: width, y1: y(step), y2: y(step), class: step ? "rule" : "zero" });
    shape(svg, "text", { x: left - 8, y: y(step) + 4, "text-anchor": "end" }, shown(step));
  }
  const band = (width - left) / labels.length;
  const x = (at) => left + band * (at + 0.5);
  const room = Math.max(...labels.map(widthOf)) + 14;
  // counted from the newest, which always has its label, and none nearer to it than there is room
  for (let at = labels.length - 1, next = Infinity; at >= 0; at -= 1) {
    const middle = Math.min(Math.max(x(at), room / 2 - 7), width - room / 2 + 7);
    if (next - middle < room) continue;
    shape(svg, "text", { x: middle, y: height - 6, "text-anchor": "middle" }, labels[at]);
    next = middle;
  }
  return { x, y, band };
}

function columns(figure, width) {
  const { rows, heads, one } = read(figure);
  const labels = rows.map((row) => words(row[one("x")])), value = one("y"), whole = one("whole");
  const svg = canvas(figure, 240, width);
  const { x, y, band } = frame(svg, rows.map((row) => number(row[value])), labels, width, 240);
  rows.forEach((row, at) => {
    const amount = number(row[value]), thick = Math.max(1, Math.min(band * 0.72, 44));
    const partial = whole !== undefined && number(row[whole]) === 0;
    const bar = shape(svg, "rect", {
      x: x(at) - thick / 2, width: thick, y: Math.min(y(amount), y(0)), height: Math.abs(y(0) - y(amount)),
      class: partial ? "bar partial" : "bar",
    });
    hint(bar, `${labels[at]}: ${row[value].textContent} ${heads[value]}`);
  });
}

function lines(figure, width) {
  const { rows, heads, one, all } = read(figure);
  const labels = rows.map((row) => words(row[one("x")]));
  const values = rows.flatMap((row) => all("y").map((at) => number(row[at]))).filter((value) => value !== null);
  const svg = canvas(figure, 240, width);
  const { x, y } = frame(svg, values, labels, width, 240);
  const legend = document.createElement("ul");
  legend.className = "legend";
  all("y").forEach((column, series) => {
    const paint = { stroke: SERIES[series], "stroke-dasharray": DASHES[series], class: "line" };
    let path = "", pen = "M";
    rows.forEach((row, at) => {
      const value = number(row[column]);
      if (value === null) { pen = "M"; return; }
      path += `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      if (rows.length > 40) return;
      const dot = shape(svg, "circle", { cx: x(at), cy: y(value), r: 3, fill: SERIES[series] });
      hint(dot, `${labels[at]}: ${row[column].textContent} ${heads[column]}`);
    });
    hint(shape(svg, "path", { d: path, ...paint }), heads[column]);
    const entry = document.createElement("li"), key = document.createElementNS(SVG, "svg");
    key.setAttribute("width", 28); key.setAttribute("height", 8); key.setAttribute("aria-hidden", "true");
    shape(key, "path", { d: "M0 4H28", ...paint });
    entry.append(key, heads[column]);
    legend.append(entry);
  });
  figure.querySelector(".canvas").prepend(legend);
}

function heat(figure, width) {
  const { rows, heads, one, all } = read(figure);
  const cells = all("cell"), tall = 30, left = 64;
  const wide = Math.min((width - left) / cells.length, 84);
  const svg = canvas(figure, rows.length * tall + 24, width);
  rows.forEach((row, at) => {
    shape(svg, "text", { x: left - 10, y: at * tall + 20, "text-anchor": "end" }, words(row[one("label")]));
    cells.forEach((column, n) => {
      const value = number(row[column]);
      if (value === null) return;
      const tone = [...row[column].classList].find((name) => /^q\d$/.test(name)) || "";
      const box = { x: left + n * wide + 1, y: at * tall + 1, width: wide - 2, height: tall - 2 };
      const rect = shape(svg, "rect", { ...box, class: `paint ${tone}` });
      hint(rect, `${words(row[one("label")])}, ${heads[column]}: ${row[column].textContent}`);
      const middle = { x: left + (n + 0.5) * wide, y: at * tall + 20, "text-anchor": "middle" };
      shape(svg, "text", { ...middle, class: `on ${tone}`, "pointer-events": "none" }, value.toFixed(wide > 44 ? 1 : 0));
    });
  });
  cells.forEach((_, n) =>
    shape(svg, "text", { x: left + (n + 0.5) * wide, y: rows.length * tall + 18, "text-anchor": "middle" }, n + 1));
}

/* Axis along the bottom of a chart whose lines are names. */
function scale(svg, values, width, height, left, right) {
  const steps = ticks(values, Math.max(2, Math.floor(width / 140)));
  const low = steps[0], high = steps[steps.length - 1];
  const x = (value) => left + ((value - low) / (high - low)) * (width - left - right);
  for (const step of steps) {
    shape(svg, "line", { x1: x(step), x2: x(step), y1: 0, y2: height - 22, class: step ? "rule" : "zero" });
    shape(svg, "text", { x: x(step), y: height - 6, "text-anchor": "middle" }, shown(step));
  }
  return x;
}

function intervals(figure, width) {
  const { rows, one } = read(figure), tall = 52, height = rows.length * tall + 26;
  const [label, against, low, middle, high, verdict] =
    ["label", "against", "low", "middle", "high", "verdict"].map(one);
  const ends = rows.flatMap((row) => [low, middle, high].map((at) => number(row[at]))).filter((v) => v !== null);
  const svg = canvas(figure, height, width);
  const x = scale(svg, ends, width, height, 24, 24);
  rows.forEach((row, at) => {
    const y = at * tall + 36, name = `${words(row[label])} − ${words(row[against])}`;
    const end = words(row[verdict]), room = width - widthOf(end) - 24;
    const paper = { x: 0, y: at * tall + 4, width, height: 20, fill: "var(--paper)" };
    shape(svg, "rect", paper);
    hint(shape(svg, "text", { x: 0, y: at * tall + 18, class: "strong" }, fit(name, room)), name);
    shape(svg, "text", { x: width, y: at * tall + 18, "text-anchor": "end" }, end);
    if (number(row[middle]) === null) return;
    if (number(row[low]) !== null) {
      const line = { x1: x(number(row[low])), x2: x(number(row[high])), y1: y, y2: y };
      shape(svg, "line", { ...line, stroke: SERIES[0], "stroke-width": 2 });
      for (const at of [low, high])
        shape(svg, "line", { x1: x(number(row[at])), x2: x(number(row[at])), y1: y - 5, y2: y + 5, stroke: SERIES[0], "stroke-width": 2 });
    }
    const dot = shape(svg, "circle", { cx: x(number(row[middle])), cy: y, r: 5, fill: SERIES[0] });
    hint(dot, `${name}: ${row[middle].textContent} (${row[low].textContent} … ${row[high].textContent})`);
  });
}

function bars(figure, width) {
  const { rows: every, heads, units, one } = read(figure), label = one("label"), value = one("y");
  const rows = every.filter((row) => number(row[value]) !== null);
  if (!rows.length) return;
  const tall = 44, height = rows.length * tall + 26, svg = canvas(figure, height, width);
  const x = scale(svg, rows.map((row) => number(row[value])), width, height, 12, 28);
  rows.forEach((row, at) => {
    const amount = number(row[value]), y = at * tall, name = words(row[label]);
    shape(svg, "rect", { x: 0, y: y + 2, width, height: 18, fill: "var(--paper)" });
    shape(svg, "text", { x: 0, y: y + 15, class: "strong" }, fit(name, width - 110));
    shape(svg, "text", { x: width, y: y + 15, "text-anchor": "end" }, `${row[value].textContent} ${units[value]}`);
    const box = { x: Math.min(x(0), x(amount)), width: Math.max(1, Math.abs(x(amount) - x(0))), y: y + 22, height: 14 };
    hint(shape(svg, "rect", { ...box, class: "bar" }), `${name}: ${row[value].textContent} ${heads[value]}`);
  });
}

const KINDS = { columns, lines, heat, intervals, bars };

function draw(paperWidth) {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const kind = KINDS[figure.dataset.chart], place = figure.querySelector(".canvas");
    if (!kind || !place) continue;
    place.replaceChildren();
    const width = paperWidth && figure.parentElement.matches(".pair") ? paperWidth / 2 - 24 : paperWidth;
    if (place.clientWidth) kind(figure, Math.floor(Math.min(width || Infinity, place.clientWidth)));
  }
}

/* A choice shows the parts that carry its value and hides the others. */
function choose(choice) {
  const name = choice.dataset.choice, value = choice.querySelector(":checked").value;
  const parts = (name === "brand" ? document : choice.parentElement).querySelectorAll(`[data-${name}]`);
  for (const part of parts) part.hidden = part.dataset[name] !== value;
}

function speak() {
  document.documentElement.lang = document.querySelector("#languages :checked").value;
}

const wanted = new URLSearchParams(location.search).get("lang") || navigator.language;
if (wanted.startsWith("zh")) document.getElementById("zh").checked = true;
for (const choice of document.querySelectorAll("[data-choice]")) {
  choose(choice);
  choice.addEventListener("change", () => { choose(choice); draw(); });
}
document.getElementById("languages").addEventListener("change", () => { speak(); draw(); });
speak();
draw();

let lastWidth = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== lastWidth) { lastWidth = window.innerWidth; draw(); }
});
window.addEventListener("beforeprint", () => draw(660)); // the width of a printed page, so that text keeps its size
window.addEventListener("afterprint", () => draw());
