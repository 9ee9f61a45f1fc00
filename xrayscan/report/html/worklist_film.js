// One film, large: what is known of it, and the reader's answer.

function openFilm(position) {
  const index = view.order[position];
  if (index === undefined) return;
  Object.assign(film, { index, position, grey: null, window: 255, level: 127.5, inverted: false, scale: null });
  if (!dialog.open) dialog.showModal();
  showHeat(false); // the film first, without the model's eyes
  describe(rows[index]);
  drawHeat(index);
  listNeighbours(index);
  loadFilm(index);
  dialog.scrollTop = 0;
}

function step(by) {
  const position = film.position + by;
  if (position < 0 || position >= view.order.length) return;
  keepNote();
  goTo(position);
  openFilm(position);
}

function nextInFilm() {
  const next = nextUnread(film.position);
  if (next >= 0) step(next - film.position);
}

/** The training cases nearest to the film, of a model that scores by comparing. */
function listNeighbours(index) {
  const near = JSON.parse(dataOf("near", index) || "[]");
  byId("near").hidden = !near.length;
  byId("neighbours").replaceChildren(...near.map(([label, distance]) => make("li", {}, `${label}, distance ${distance}`)));
}

const HEAT_NOTE = `Where the score ${meta.models.length > 1 ? `by ${meta.models[0]} ` : ""}came from: `
  + "the stronger the colour, the more that part raised it; the ring marks the "
  + "strongest point. A hint: not shown to point at what is there.";

function describe(row) {
  const [folder, name] = split(row[SOURCE]);
  byId("filmname").replaceChildren(pathOf(name || row[SOURCE]));
  byId("filmfolder").replaceChildren(pathOf(folder));
  byId("filmplace").textContent = `${number(film.position + 1)} of ${number(view.order.length)}`;
  byId("back").disabled = film.position === 0;
  byId("forward").disabled = film.position === view.order.length - 1;
  byId("scores").replaceChildren(...(scored(row) ? scoresOf(row) : []));
  byId("scoring").hidden = !scored(row);
  byId("verdict").textContent = scored(row) ? `${row[FLAGGED] ? "Flagged" : "Not flagged"} as ${meta.labels[1]}.` : "";
  byId("note").value = noteOf(row);
  showAnswer();
  showOriginal(row);
  const facts = {
    "rank": row[RANK] === null ? "" : number(row[RANK]),
    [row[STATUS]]: row[REASON],
    "flags": row[FLAGS].join(", "),
    "view": row[VIEW],
    "rows × columns": row[ROWS] ? `${row[ROWS]} × ${row[COLUMNS]} pixels` : "",
    "format": row[FORMAT],
    ...row[TAGS],
    "more": row[TAGS] ? "" : "UIDs and the SHA-256 stand in triage.csv",
  };
  byId("facts").replaceChildren(...Object.entries(facts).filter(([, value]) => value)
    .map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, make("bdi", {}, value)))));
}

function showAnswer() {
  const row = rows[film.index];
  byId("answers").replaceChildren(...answerButtons(row));
  byId("filmread").setAttribute("aria-pressed", isRead(row));
}

/** Do something to the film's answer, and show it. */
function sayOfFilm(act) {
  act();
  const kept = document.activeElement?.dataset.answer;
  showAnswer();
  if (kept) byId("answers").querySelector(`[data-answer=${kept}]`)?.focus();
}

function keepNote() {
  const row = rows[film.index], text = byId("note").value.trim();
  if (text === noteOf(row)) return;
  change(row, { note: text });
  answered(film.index);
}

/** The path as the file system has it, which is not always how it is shown. */
function realPath(row) {
  try {
    return row[LINK] ? decodeURIComponent(row[LINK]) : row[SOURCE];
  } catch {
    return row[SOURCE]; // no UTF-8
  }
}

/** The URL of a row's file as this page sees it; null for what lies in an archive or elsewhere. */
function addressOf(row) {
  const path = row[SOURCE];
  if (path.includes("!/") || path.includes("://")) return null;
  const escaped = row[LINK] || path.replaceAll(meta.separator, "/").split("/").map(encodeURIComponent).join("/");
  if (/^[A-Za-z]:[\\/]/.test(path)) return `file:///${path[0]}:${escaped.slice(escaped.indexOf("/"))}`;
  return path.startsWith("/") ? `file://${escaped}` : meta.base + escaped;
}

function showOriginal(row) {
  const address = addressOf(row);
  byId("original").hidden = !address;
  if (address) byId("original").href = address;
}

function openOriginal(row) {
  const address = addressOf(row);
  if (address) make("a", { href: address, target: "_blank", rel: "noopener" }).click();
}

function scoresOf(row) {
  const scores = [[row[PROBABILITY], row[TIER]], ...row[OTHERS], ...(meta.byMean ? [[row[MEAN], ""]] : [])];
  return scores.map(([value, tier], n) => make("tr", {},
    make("th", { scope: "row" }, make("bdi", {}, meta.models[n] ?? "mean")), make("td", { className: "number" }, ...barOf(value, n ? null : meta.thresholds[1])),
    make("td", {}, make("span", { className: `tier ${tier}` }, tier))));
}

byId("back").addEventListener("click", () => step(-1));
byId("forward").addEventListener("click", () => step(1));
byId("unread").addEventListener("click", nextInFilm);
byId("copypath").addEventListener("click", () => copy(realPath(rows[film.index])));
byId("answers").addEventListener("click", (event) => {
  const button = event.target.closest("[data-answer]");
  if (button) sayOfFilm(() => answer(film.index, button.dataset.answer));
});
byId("filmread").addEventListener("click", () => sayOfFilm(() => markRead(film.index)));
byId("note").addEventListener("change", keepNote);
dialog.addEventListener("close", () => {
  keepNote();
  goTo(film.position, true);
});
