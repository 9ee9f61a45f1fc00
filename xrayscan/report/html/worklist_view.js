// One film, large: window and level, the heatmap over it, and what is known of the file.

const film = { index: -1, position: -1, grey: null, width: 0, height: 0, window: 255, level: 127.5, inverted: false };
const dialog = byId("film");
const canvas = byId("canvas"), overlay = byId("overlay");

function openFilm(position) {
  const index = view.order[position];
  if (index === undefined) return;
  Object.assign(film, { index, position, grey: null, window: 255, level: 127.5, inverted: false });
  describe(rows[index]);
  drawHeat(index);
  listNeighbours(index);
  loadFilm(index);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function step(by) {
  const position = film.position + by;
  if (position < 0 || position >= view.order.length) return;
  goTo(position);
  openFilm(position);
}

async function loadFilm(index) {
  const data = dataOf("film", index);
  const problem = dataOf("problem", index);
  canvas.hidden = !data;
  byId("nofilm").hidden = Boolean(data);
  for (const id of ["window", "level", "invert", "reset"]) byId(id).disabled = !data;
  if (!data) {
    byId("nofilm").textContent = problem ? JSON.parse(problem) : noPicture(rows[index]);
    return;
  }
  const image = make("img", { src: `data:image/jpeg;base64,${data}` });
  await image.decode();
  if (film.index !== index) return; // another film was opened meanwhile
  takePixels(image);
  draw();
  canvas.dataset.drawn = index;
}

function noPicture(row) {
  if (!scored(row)) return `${row[STATUS]}: ${row[REASON]}.`;
  if (!meta.pictures) return "This page was made without pictures (--no-images).";
  return `Pictures are kept of the first ${number(meta.top)} films only: --html-top asks for more.`;
}

function takePixels(image) {
  canvas.width = film.width = image.naturalWidth;
  canvas.height = film.height = image.naturalHeight;
  byId("layers").style.setProperty("--ratio", film.width / film.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const colours = context.getImageData(0, 0, film.width, film.height).data;
  film.grey = new Uint8Array(film.width * film.height);
  for (let n = 0; n < film.grey.length; n++) film.grey[n] = colours[4 * n];
}

/** Show the film's grey values through the window: linear between level - window / 2 and level + window / 2. */
function draw() {
  byId("window").value = film.window;
  byId("level").value = film.level;
  byId("invert").setAttribute("aria-pressed", film.inverted);
  if (!film.grey) return;
  const table = new Uint32Array(256);
  for (let value = 0; value < 256; value++) {
    const share = Math.min(1, Math.max(0, (value - film.level) / film.window + 0.5));
    const grey = Math.round(255 * (film.inverted ? 1 - share : share));
    table[value] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  const context = canvas.getContext("2d"), drawn = context.createImageData(film.width, film.height);
  const out = new Uint32Array(drawn.data.buffer);
  for (let n = 0; n < out.length; n++) out[n] = table[film.grey[n]];
  context.putImageData(drawn, 0, 0);
}

function drawHeat(index) {
  const data = dataOf("heat", index);
  overlay.hidden = byId("hottest").hidden = !data;
  byId("opacity").disabled = !data;
  byId("heatnote").textContent = data ? HEAT_NOTE : scored(rows[index]) && !dataOf("near", index) ? "No heatmap was made of this film." : "";
  if (!data) return;
  const map = JSON.parse(data), cells = Uint8Array.from(atob(map.cells), (letter) => letter.charCodeAt(0));
  overlay.width = map.columns;
  overlay.height = map.rows;
  const context = overlay.getContext("2d"), drawn = context.createImageData(map.columns, map.rows);
  cells.forEach((value, n) => drawn.data.set([255, 220 - 0.7 * value, 40, value], 4 * n));
  context.putImageData(drawn, 0, 0);
  const highest = cells.reduce((most, value) => Math.max(most, value), 0), peak = cells.indexOf(highest);
  byId("hottest").hidden = !highest;
  if (!highest) byId("heatnote").textContent = "Heatmap: no part of this film raised the score.";
  byId("hottest").style.left = `${(100 * ((peak % map.columns) + 0.5)) / map.columns}%`;
  byId("hottest").style.top = `${(100 * (Math.floor(peak / map.columns) + 0.5)) / map.rows}%`;
  fade();
}

/** The training cases nearest to the film, of a model that scores by comparing. */
function listNeighbours(index) {
  const near = JSON.parse(dataOf("near", index) || "[]");
  byId("near").hidden = !near.length;
  byId("neighbours").replaceChildren(...near.map(([label, distance]) => make("li", {}, `${label}, distance ${distance}`)));
}

const HEAT_NOTE = `Where the score ${meta.models.length > 1 ? `by ${meta.models[0]} ` : ""}came from: `
  + "the stronger the colour, the more that part raised it; the ring marks the "
  + "strongest point. It says where the model looked, not what is there.";

function fade() {
  const share = Number(byId("opacity").value) / 100;
  overlay.style.opacity = share;
  byId("hottest").style.opacity = share ? 1 : 0;
}

function describe(row) {
  byId("filmname").replaceChildren(pathOf(row[SOURCE]));
  byId("filmplace").textContent = `${number(film.position + 1)} of ${number(view.order.length)} shown`;
  byId("filmreviewed").checked = isReviewed(row);
  byId("back").disabled = film.position === 0;
  byId("forward").disabled = film.position === view.order.length - 1;
  byId("scores").replaceChildren(...(scored(row) ? scoresOf(row) : []));
  byId("scoring").hidden = !scored(row);
  const facts = {
    "rank": row[RANK] === null ? "none" : number(row[RANK]),
    [row[STATUS]]: row[REASON],
    "called": scored(row) ? meta.labels[row[CALLED]] : "",
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


function scoresOf(row) {
  const scores = [[row[PROBABILITY], row[TIER]], ...row[OTHERS], ...(meta.byMean ? [[row[MEAN], ""]] : [])];
  return scores.map(([value, tier], n) => make("tr", {},
    make("th", { scope: "row" }, make("bdi", {}, meta.models[n] ?? "mean")), make("td", { className: "number" }, ...barOf(value)),
    make("td", {}, make("span", { className: `tier ${tier}` }, tier))));
}

function setWindow(width, level) {
  film.window = Math.min(510, Math.max(2, width));
  film.level = Math.min(255, Math.max(0, level));
  draw();
}

function invert() {
  film.inverted = !film.inverted;
  draw();
}

function resetFilm() {
  Object.assign(film, { window: 255, level: 127.5, inverted: false });
  draw();
}

function toggleHeat() {
  const slider = byId("opacity");
  if (slider.disabled) return;
  slider.value = Number(slider.value) ? 0 : 60;
  fade();
}

const stage = byId("stage");
stage.addEventListener("pointerdown", (event) => {
  if (!film.grey || event.button) return;
  stage.setPointerCapture(event.pointerId);
  film.from = { x: event.clientX, y: event.clientY, window: film.window, level: film.level };
});
stage.addEventListener("pointermove", (event) => {
  if (film.from) setWindow(film.from.window + event.clientX - film.from.x, film.from.level + (event.clientY - film.from.y) / 2);
});
for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (film.from = null));
byId("window").addEventListener("input", (event) => setWindow(Number(event.target.value), film.level));
byId("level").addEventListener("input", (event) => setWindow(film.window, Number(event.target.value)));
byId("opacity").addEventListener("input", fade);
byId("invert").addEventListener("click", invert);
byId("reset").addEventListener("click", resetFilm);
byId("back").addEventListener("click", () => step(-1));
byId("forward").addEventListener("click", () => step(1));
byId("filmreviewed").addEventListener("change", (event) => review(film.index, event.target.checked));
dialog.addEventListener("close", () => goTo(film.position, true));
