// The picture of one film: window and level, zoom, the heatmap beside it or in its place.

const film = { index: -1, position: -1, grey: null, width: 0, height: 0, window: 255, level: 127.5, inverted: false, scale: null };
const dialog = byId("film");
const canvas = byId("canvas"), under = byId("under"), overlay = byId("overlay"), stage = byId("stage");
const panes = [byId("plain"), byId("mapped")];

async function loadFilm(index) {
  const data = dataOf("film", index);
  const problem = dataOf("problem", index);
  stage.hidden = !data;
  byId("nofilm").hidden = Boolean(data);
  for (const id of ["window", "level", "invert", "reset", "full", "zoomin", "zoomout"]) byId(id).disabled = !data;
  if (!data) {
    byId("resolution").textContent = "";
    byId("nofilm").textContent = problem ? JSON.parse(problem) : noPicture(rows[index]);
    return;
  }
  const image = make("img", { src: `data:image/jpeg;base64,${data}` });
  await image.decode();
  if (film.index !== index) return; // another film was opened meanwhile
  takePixels(image);
  draw();
  layOut();
  canvas.dataset.drawn = index;
}

function noPicture(row) {
  if (!scored(row)) return `${row[STATUS]}: ${row[REASON]}.`;
  if (!meta.pictures) return "This page was made without pictures (--no-images).";
  return `Pictures are kept of the first ${number(meta.top)} films only: --html-top asks for more.`;
}

function takePixels(image) {
  under.width = canvas.width = film.width = image.naturalWidth;
  under.height = canvas.height = film.height = image.naturalHeight;
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
  under.getContext("2d").putImageData(drawn, 0, 0);
}

/** CSS pixels per pixel of the picture at which it fits its pane, but never blown up. */
function fitting() {
  const pane = panes.find((one) => one.offsetParent);
  return pane ? Math.min(1, pane.clientWidth / film.width, pane.clientHeight / film.height) : 1;
}

const scaleNow = () => film.scale ?? fitting();

function layOut() {
  if (!film.grey) return;
  const scale = scaleNow();
  for (const pane of panes) {
    pane.firstElementChild.style.width = `${film.width * scale}px`;
    pane.firstElementChild.style.height = `${film.height * scale}px`;
  }
  stage.classList.toggle("zoomed", panes.some((pane) => pane.scrollWidth > pane.clientWidth || pane.scrollHeight > pane.clientHeight));
  sayResolution(scale);
}

function sayResolution(scale) {
  const row = rows[film.index], whole = row[COLUMNS] === film.width && row[ROWS] === film.height;
  const of = whole || !row[ROWS] ? "all that the file has" : `the file has ${row[COLUMNS]} × ${row[ROWS]}`;
  byId("resolution").textContent = `Picture of ${film.width} × ${film.height} pixels (${of}), shown at ${Math.round(100 * scale * devicePixelRatio)} %`;
}

/** Zoom, keeping the place in the middle of the pane, or the one given as shares of the pane. */
function zoomTo(scale, x = 0.5, y = 0.5) {
  if (!film.grey) return;
  const pane = panes.find((one) => one.offsetParent), before = scaleNow();
  const at = { x: pane.scrollLeft + x * pane.clientWidth, y: pane.scrollTop + y * pane.clientHeight };
  film.scale = Math.min(8, Math.max(Math.min(fitting(), 0.1), scale));
  layOut();
  pane.scrollLeft = (at.x * film.scale) / before - x * pane.clientWidth;
  pane.scrollTop = (at.y * film.scale) / before - y * pane.clientHeight;
}

function drawHeat(index) {
  const data = dataOf("heat", index);
  overlay.hidden = byId("hottest").hidden = !data;
  for (const id of ["opacity", "heat"]) byId(id).disabled = !data;
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
}

/** Show or hide the heatmap: beside the film where there is room, else in its place. */
function showHeat(on) {
  stage.classList.toggle("heat", on);
  byId("heat").setAttribute("aria-pressed", on);
  layOut();
}

function fade() {
  overlay.style.opacity = Number(byId("opacity").value) / 100;
}

function toggleHeat() {
  if (!byId("heat").disabled) showHeat(!stage.classList.contains("heat"));
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
  Object.assign(film, { window: 255, level: 127.5, inverted: false, scale: null });
  draw();
  layOut();
}

/** Dragging sets window and level, or moves a film that is larger than its pane; with Shift always the former. */
function drag(event) {
  const { from } = film, across = event.clientX - from.x, down = event.clientY - from.y;
  if (from.pane) from.pane.scrollTo(from.left - across, from.top - down);
  else setWindow(from.window + across, from.level + down / 2);
}

for (const pane of panes) {
  pane.addEventListener("pointerdown", (event) => {
    if (!film.grey || event.button) return;
    pane.setPointerCapture(event.pointerId);
    const moves = stage.classList.contains("zoomed") && !event.shiftKey;
    film.from = { x: event.clientX, y: event.clientY, window: film.window, level: film.level, left: pane.scrollLeft, top: pane.scrollTop, pane: moves ? pane : null };
  });
  pane.addEventListener("pointermove", (event) => film.from && drag(event));
  for (const end of ["pointerup", "pointercancel"]) pane.addEventListener(end, () => (film.from = null));
  pane.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = pane.getBoundingClientRect();
    zoomTo(scaleNow() * (event.deltaY < 0 ? 1.15 : 1 / 1.15), (event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height);
  }, { passive: false });
  pane.addEventListener("scroll", () => {
    for (const other of panes) if (other !== pane && other.offsetParent) other.scrollTo(pane.scrollLeft, pane.scrollTop);
  });
}
new ResizeObserver(layOut).observe(stage);
byId("window").addEventListener("input", (event) => setWindow(Number(event.target.value), film.level));
byId("level").addEventListener("input", (event) => setWindow(film.window, Number(event.target.value)));
byId("opacity").addEventListener("input", fade);
fade();
byId("heat").addEventListener("click", toggleHeat);
byId("invert").addEventListener("click", invert);
byId("reset").addEventListener("click", resetFilm);
byId("full").addEventListener("click", () => zoomTo(1 / devicePixelRatio));
byId("zoomin").addEventListener("click", () => zoomTo(scaleNow() * 1.25));
byId("zoomout").addEventListener("click", () => zoomTo(scaleNow() / 1.25));
