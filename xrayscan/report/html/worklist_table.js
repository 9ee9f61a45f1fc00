// The worklist: what is filtered and how it is sorted, one page of it in the document at a time.

const TIERS = ["", "low", "intermediate", "unlike", "high"];
const KEYS = {
  rank: (row) => row[RANK] ?? Infinity,
  mean: (row) => row[MEAN] ?? -1,
  probability: (row) => row[PROBABILITY] ?? -1,
  tier: (row) => TIERS.indexOf(row[TIER]),
  flags: (row) => remarksOf(row) || "\uffff",
  film: (row) => row[SOURCE].toLowerCase(),
  view: (row) => row[VIEW] || "\uffff",
  size: (row) => (row[ROWS] ?? 0) * (row[COLUMNS] ?? 0),
  read: (row) => saidOf(row).read || "\uffff",
};
meta.models.slice(1).forEach((_, n) => (KEYS[`model${n}`] = (row) => row[OTHERS][n]?.[0] ?? -1));
const HIGHEST_FIRST = (column) => /^(mean|probability|model\d+|tier|size)$/.test(column);
const SHOWN = {
  all: () => true,
  unread: (row) => !isRead(row),
  read: isRead,
  flagged: (row) => scored(row) && row[FLAGGED] === 1,
  agree: (row) => answerOf(row) === "agree",
  disagree: (row) => answerOf(row) === "disagree",
  wrong: (row) => answerOf(row) === "wrong",
  note: (row) => noteOf(row) !== "",
};
const PRINTED = 50; // rows on paper, at most
const SCORED = rows.filter(scored).length;

const view = { order: [], page: 0, current: 0, sort: "rank", down: false, groups: new Set() };
let searched = null; // lower-case text of each row, made when it is first searched

const remarksOf = (row) => (scored(row) ? row[FLAGS].join(", ") : row[REASON]);
const groupOf = (row) => row[TIER] || row[STATUS];

function textOf(index) {
  searched ??= rows.map((row) => [row[SOURCE], row[VIEW], row[FORMAT], row[REASON], ...row[FLAGS]].join(" ").toLowerCase());
  return searched[index];
}

/** Whether a row belongs to the groups chosen; where none is, all that were scored, or, failing these, all. */
function chosen(row) {
  return view.groups.size ? view.groups.has(groupOf(row)) : scored(row) || !SCORED;
}

/** Filter and sort all rows, and show the first page, or the one that holds the row given. */
function refresh(keep = -1) {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = SHOWN[byId("which").value], key = KEYS[view.sort];
  const order = [];
  rows.forEach((row, index) => {
    if (chosen(row) && wanted(row) && words.every((word) => textOf(index).includes(word))) order.push(index);
  });
  const keys = rows.map(key), sign = view.down ? -1 : 1;
  order.sort((a, b) => (keys[a] < keys[b] ? -sign : keys[a] > keys[b] ? sign : a - b));
  view.order = order;
  hideEmptyColumns(order.map((index) => rows[index]));
  goTo(Math.max(0, order.indexOf(keep)));
}

function hideEmptyColumns(listed) {
  const first = listed.length ? split(listed[0][SOURCE])[0] : "";
  const filled = {
    score: listed.some(scored),
    flags: listed.some((row) => remarksOf(row)),
    view: listed.some((row) => row[VIEW]),
    size: listed.some((row) => row[ROWS]),
    folder: listed.some((row) => split(row[SOURCE])[0] !== first),
  };
  for (const [name, any] of Object.entries(filled)) byId("table").classList.toggle(`no-${name}`, !any);
}

/** Make a position of the order the current one, and show its page. */
function goTo(position, focus = false) {
  view.current = Math.min(Math.max(position, 0), Math.max(view.order.length - 1, 0));
  view.page = Math.floor(view.current / meta.pageRows);
  render();
  if (focus) currentButton()?.focus();
}

const currentButton = () => byId("rows").querySelector("tr.current .open");

/** The position of the next film that is not read, after the one given, or before it; -1 where all are. */
function nextUnread(position) {
  const unread = (index) => !isRead(rows[index]);
  const later = view.order.findIndex((index, n) => n > position && unread(index));
  return later < 0 ? view.order.findIndex((index, n) => n !== position && unread(index)) : later;
}

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
  const read = rows.reduce((count, row) => count + (scored(row) && isRead(row)), 0);
  tell("progress", `${number(read)} of ${number(SCORED)} read`);
  byId("done").style.width = `${SCORED ? (100 * read) / SCORED : 0}%`;
  const all = view.groups.size ? rows.length : SCORED || rows.length;
  const shown = view.order.length === all && !view.groups.size ? "" : `${number(view.order.length)} shown`;
  tell("said", answersKept ? shown : "This browser keeps no answers: save them before you close the page.");
  byId("export").disabled = !answers.size;
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const sorted = head.dataset.sort === view.sort;
    head.setAttribute("aria-sort", sorted ? (view.down ? "descending" : "ascending") : "none");
  }
  byId("sort").value = view.sort;
  byId("reverse").textContent = view.down ? "↓" : "↑";
  byId("reverse").setAttribute("aria-label", view.down ? "descending: reverse" : "ascending: reverse");
}

function tell(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text; // said aloud once
}

function rowOf(index, position) {
  const row = rows[index], tick = meta.thresholds[1];
  const cell = (name, ...children) => make("td", { role: "cell", className: name }, ...children);
  const by = (name, made) => { if (meta.models.length > 1) made.dataset.model = name; return made; };
  const others = meta.models.slice(1).map((_, n) => by(meta.models[n + 1], cell("number model", ...modelCell(row[OTHERS][n]))));
  const first = !scored(row) ? ["–"] : meta.byMean ? [percentOf(row[PROBABILITY])] : barOf(row[PROBABILITY], tick);
  const line = make("tr", { role: "row", "aria-rowindex": position + 2, "data-position": position },
    cell("number rank", row[RANK] ?? "–"),
    ...(meta.pictures ? [cell("thumb", thumbOf(index))] : []),
    ...(meta.byMean ? [by("mean", cell("number ranking", ...(scored(row) ? barOf(row[MEAN]) : ["–"])))] : []),
    by(meta.models[0], cell(`number ${meta.byMean ? "first" : "ranking"}`, ...first)),
    cell("tiers", make("span", { className: `tier ${row[TIER]}` }, groupOf(row))),
    ...others,
    cell("path", ...nameOf(row)), cell("flags", remarksOf(row)), cell("view", row[VIEW]),
    cell("number size", row[ROWS] ? `${row[ROWS]} × ${row[COLUMNS]}` : ""),
    cell("answer", ...answerButtons(row, true)));
  line.classList.toggle("current", position === view.current);
  line.classList.toggle("done", isRead(row));
  return line;
}

function nameOf(row) {
  const [folder, name] = split(row[SOURCE]), note = noteOf(row);
  const parts = [make("button", { type: "button", className: "open", title: row[SOURCE] }, pathOf(name || row[SOURCE]))];
  if (folder) parts.push(make("span", { className: "folder", title: folder }, make("bdi", {}, folder)));
  if (note) parts.push(make("span", { className: "noted" }, make("bdi", {}, note)));
  return parts;
}

function answerButtons(row, inRow = false) {
  if (!scored(row)) return [];
  const said = { agree: meta.labels[row[FLAGGED]], disagree: meta.labels[1 - row[FLAGGED]], wrong: "no chest film, or spoilt" };
  const names = { agree: "agree", disagree: "disagree", wrong: inRow ? "wrong" : "wrong picture" };
  return Object.entries(ANSWERS).map(([answer, sign]) => make("button", {
    type: "button", title: said[answer], "data-answer": answer, "aria-pressed": answerOf(row) === answer,
    "aria-label": `${answer === "wrong" ? "wrong picture" : answer}: ${answer === "wrong" ? "" : said[answer]}${inRow ? ` ${row[SOURCE]}` : ""}`,
    tabIndex: inRow ? -1 : 0, // 300 stops a page would be too many: a, d and w answer for the current row
  }, make("span", { className: "sign", "aria-hidden": "true" }, sign), make("span", { className: "word" }, names[answer])));
}

function modelCell(pair) {
  return pair ? [percentOf(pair[0]), make("small", { className: `plain ${pair[1]}` }, pair[1])] : ["–"];
}

function thumbOf(index) {
  const tiles = byId("table").classList.contains("tiles");
  const data = (tiles && dataOf("film", index)) || dataOf("thumb", index);
  if (data) return make("img", { src: `data:image/jpeg;base64,${data}`, alt: "", width: 48, height: 48 });
  return make("span", { className: "nothumb", "aria-hidden": "true" }, dataOf("problem", index) ? "gone" : "");
}

/** After an answer the row stays where it is until the list is filtered again. */
function answered(index) {
  for (const line of byId("rows").querySelectorAll("tr[data-position]")) {
    if (view.order[line.dataset.position] !== index) continue;
    const within = line.contains(document.activeElement);
    const made = rowOf(index, Number(line.dataset.position));
    line.replaceWith(made);
    if (within && !dialog.open) made.querySelector(".open").focus();
  }
  say();
}

function answer(index, what) {
  if (index === undefined || !scored(rows[index])) return;
  setAnswer(rows[index], what);
  answered(index);
}

function markRead(index, on = !isRead(rows[index])) {
  setRead(rows[index], on);
  answered(index);
}

function sortBy(column, down = view.sort === column ? !view.down : HIGHEST_FIRST(column)) {
  view.sort = column;
  view.down = down;
  refresh();
}

function setCurrent(position) {
  view.current = position;
  for (const line of byId("rows").children) line.classList.toggle("current", Number(line.dataset.position) === position);
}

byId("rows").addEventListener("click", (event) => {
  const line = event.target.closest("tr[data-position]");
  if (!line) return;
  setCurrent(Number(line.dataset.position));
  const button = event.target.closest("[data-answer]");
  if (button) answer(view.order[view.current], button.dataset.answer);
  else if (!event.target.closest(".answer")) openFilm(view.current);
});
byId("rows").addEventListener("focusin", (event) => {
  const line = event.target.closest("tr[data-position]");
  if (line) setCurrent(Number(line.dataset.position));
});
for (const button of document.querySelectorAll("th[data-sort] button")) {
  button.addEventListener("click", () => sortBy(button.parentElement.dataset.sort));
}
