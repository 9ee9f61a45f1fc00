// The worklist: what is filtered and how it is sorted, one page of it in the document at a time.

const KEYS = {
  rank: (row) => row[RANK] ?? Infinity,
  mean: (row) => row[MEAN] ?? -1,
  probability: (row) => row[PROBABILITY] ?? -1,
  tier: (row) => ["", "low", "intermediate", "unlike", "high"].indexOf(row[TIER]),
  flags: (row) => (row[FLAGS].length ? row[FLAGS].join(", ") : "\uffff"),
  film: (row) => row[SOURCE].toLowerCase(),
  view: (row) => row[VIEW] || "\uffff",
  size: (row) => (row[ROWS] ?? 0) * (row[COLUMNS] ?? 0),
  reviewed: (row) => marks.get(markOf(row)) || "\uffff",
};
meta.models.slice(1).forEach((_, n) => (KEYS[`model${n}`] = (row) => row[OTHERS][n]?.[0] ?? -1));
const HIGHEST_FIRST = (column) => /^(mean|probability|model\d+|tier|size)$/.test(column);
const SHOWN = {
  scored: scored,
  open: (row) => scored(row) && !isReviewed(row),
  reviewed: isReviewed,
  flagged: (row) => row[FLAGS].length > 0,
  "set aside": (row) => row[STATUS] === "set aside",
  failed: (row) => row[STATUS] === "failed",
  all: () => true,
};
const PRINTED = 1000; // rows on paper, at most

const view = { order: [], page: 0, current: 0, sort: "rank", down: false };
let searched = null; // lower-case text of each row, made when it is first searched

function textOf(index) {
  searched ??= rows.map((row) => [row[SOURCE], row[VIEW], row[FORMAT], row[REASON], ...row[FLAGS]].join(" ").toLowerCase());
  return searched[index];
}

/** Filter and sort all rows, and show the first page, or the one that holds the row given. */
function refresh(keep = -1) {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const tier = byId("tier").value, status = SHOWN[byId("status").value], key = KEYS[view.sort];
  const order = [];
  rows.forEach((row, index) => {
    if ((tier && row[TIER] !== tier) || !status(row)) return;
    if (words.every((word) => textOf(index).includes(word))) order.push(index);
  });
  const keys = rows.map(key), sign = view.down ? -1 : 1;
  order.sort((a, b) => (keys[a] < keys[b] ? -sign : keys[a] > keys[b] ? sign : a - b));
  view.order = order;
  goTo(Math.max(0, order.indexOf(keep)));
}

/** Make a position of the order the current one, and show its page. */
function goTo(position, focus = false) {
  view.current = Math.min(Math.max(position, 0), Math.max(view.order.length - 1, 0));
  view.page = Math.floor(view.current / meta.pageRows);
  render();
  if (focus) currentButton()?.focus();
}

const currentButton = () => byId("rows").querySelector("tr.current .open");

function render() {
  const from = view.page * meta.pageRows;
  show(from, view.order.slice(from, from + meta.pageRows));
  const pages = Math.max(1, Math.ceil(view.order.length / meta.pageRows));
  byId("page").textContent = `page ${number(view.page + 1)} of ${number(pages)}`;
  for (const id of ["first", "previous"]) byId(id).disabled = view.page === 0;
  for (const id of ["next", "last"]) byId(id).disabled = view.page === pages - 1;
  byId("pages").hidden = pages === 1;
  say();
}

function show(from, indexes) {
  const body = byId("rows");
  body.replaceChildren(...indexes.map((index, n) => rowOf(index, from + n)));
  if (!indexes.length) {
    body.append(make("tr", { role: "row" }, make("td", { role: "cell", colSpan: 99, className: "none" }, "No film matches.")));
  }
  byId("table").setAttribute("aria-rowcount", view.order.length + 1);
}

function say() {
  const reviewed = rows.reduce((count, row) => count + (scored(row) && isReviewed(row)), 0);
  const kept = marksKept ? "" : " This browser keeps no marks: export them before you close the page.";
  const shown = `${number(view.order.length)} of ${number(rows.length)} files shown, ${number(reviewed)} reviewed.${kept}`;
  if (byId("said").textContent !== shown) byId("said").textContent = shown;
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const sorted = head.dataset.sort === view.sort;
    head.setAttribute("aria-sort", sorted ? (view.down ? "descending" : "ascending") : "none");
  }
  byId("sort").value = view.sort;
  byId("reverse").textContent = view.down ? "↓ descending" : "↑ ascending";
}

function rowOf(index, position) {
  const row = rows[index];
  const cell = (name, ...children) => make("td", { role: "cell", className: name }, ...children);
  const by = (name, made) => { if (meta.models.length > 1) made.dataset.model = name; return made; };
  const box = make("input", { type: "checkbox", checked: isReviewed(row), "aria-label": `reviewed: ${row[SOURCE]}` });
  const open = make("button", { type: "button", className: "open" }, pathOf(row[SOURCE]));
  const others = meta.models.slice(1).map((_, n) => by(meta.models[n + 1], cell("number model", ...modelCell(row[OTHERS][n]))));
  const first = !scored(row) ? ["–"] : meta.byMean ? [probability(row[PROBABILITY])] : barOf(row[PROBABILITY]);
  const notes = scored(row) ? row[FLAGS].join(", ") : row[REASON];
  const line = make("tr", { role: "row", "aria-rowindex": position + 2, "data-position": position },
    cell("number rank", row[RANK] ?? "–"),
    ...(meta.pictures ? [cell("thumb", thumbOf(index))] : []),
    ...(meta.byMean ? [by("mean", cell("number ranking", ...(scored(row) ? barOf(row[MEAN]) : ["–"])))] : []),
    by(meta.models[0], cell(`number ${meta.byMean ? "first" : "ranking"}`, ...first)),
    cell("tiers", make("span", { className: `tier ${row[TIER]}` }, row[TIER] || "not scored")),
    ...others,
    cell("flags", notes), cell("path", open), cell("view", row[VIEW]),
    cell("number size", row[ROWS] ? `${row[ROWS]} × ${row[COLUMNS]}` : ""),
    cell("mark", make("label", {}, box, make("span", { "aria-hidden": "true" }, "reviewed"))));
  line.classList.toggle("current", position === view.current);
  line.classList.toggle("done", isReviewed(row));
  return line;
}

function barOf(value) {
  const bar = make("span", { className: "bar", "aria-hidden": "true" }, make("span"));
  bar.firstChild.style.width = `${(100 * value).toFixed(1)}%`;
  return [probability(value), bar];
}

function modelCell(pair) {
  return pair ? [probability(pair[0]), make("small", { className: `plain ${pair[1]}` }, pair[1])] : ["–"];
}

function thumbOf(index) {
  const data = dataOf("thumb", index);
  if (data) return make("img", { src: `data:image/jpeg;base64,${data}`, alt: "", width: 48, height: 48 });
  return make("span", { className: "nothumb", "aria-hidden": "true" }, dataOf("problem", index) ? "gone" : "");
}

/** Mark a film as reviewed or not; the row stays where it is until the list is filtered again. */
function review(index, on = !isReviewed(rows[index])) {
  setMark(rows[index], on);
  for (const line of byId("rows").querySelectorAll("tr[data-position]")) {
    if (view.order[line.dataset.position] !== index) continue;
    line.classList.toggle("done", on);
    line.querySelector("input").checked = on;
  }
  say();
}

function sortBy(column, down = view.sort === column ? !view.down : HIGHEST_FIRST(column)) {
  view.sort = column;
  view.down = down;
  refresh();
}

byId("rows").addEventListener("click", (event) => {
  const line = event.target.closest("tr[data-position]");
  if (!line || event.target.closest(".mark")) return;
  setCurrent(Number(line.dataset.position));
  openFilm(view.current);
});
byId("rows").addEventListener("change", (event) => {
  review(view.order[event.target.closest("tr").dataset.position], event.target.checked);
});
byId("rows").addEventListener("focusin", (event) => {
  const line = event.target.closest("tr[data-position]");
  if (line) setCurrent(Number(line.dataset.position));
});

function setCurrent(position) {
  view.current = position;
  for (const line of byId("rows").children) line.classList.toggle("current", Number(line.dataset.position) === position);
}

for (const button of document.querySelectorAll("th[data-sort] button")) {
  button.addEventListener("click", () => sortBy(button.parentElement.dataset.sort));
}
byId("sort").addEventListener("change", (event) => sortBy(event.target.value, HIGHEST_FIRST(event.target.value)));
byId("reverse").addEventListener("click", () => sortBy(view.sort));
let waiting = 0;
byId("find").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 120);
});
for (const id of ["tier", "status"]) byId(id).addEventListener("change", () => refresh());
byId("export").addEventListener("click", exportMarks);
for (const [id, move] of Object.entries({
  first: () => 0,
  previous: () => view.page - 1,
  next: () => view.page + 1,
  last: () => Math.ceil(view.order.length / meta.pageRows) - 1,
})) {
  byId(id).addEventListener("click", () => {
    goTo(move() * meta.pageRows);
    byId("table").scrollIntoView();
  });
}
window.addEventListener("beforeprint", () => show(0, view.order.slice(0, PRINTED)));
window.addEventListener("afterprint", render);
