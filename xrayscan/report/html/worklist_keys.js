// Keys, dialogs that close by a button, and the start of it all.

const KEYS_OFF = "xrayscan keys off";
const keysOn = byId("keyson");

function recallKeys() {
  try {
    keysOn.checked = localStorage.getItem(KEYS_OFF) !== "1";
  } catch {
    keysOn.checked = true;
  }
}

keysOn.addEventListener("change", () => {
  try {
    localStorage.setItem(KEYS_OFF, keysOn.checked ? "0" : "1");
  } catch {
    return; // it holds until the page is closed
  }
});

const current = () => view.order[view.current];
const anyKeys = { "?": () => byId("help").showModal() };
const listKeys = {
  ...anyKeys,
  j: () => goTo(view.current + (currentButton() === document.activeElement ? 1 : 0), true),
  k: () => goTo(view.current - 1, true),
  n: () => {
    const next = nextUnread(view.current);
    if (next >= 0) goTo(next, true);
  },
  r: () => view.order.length && markRead(current()),
  a: () => answer(current(), "agree"),
  d: () => answer(current(), "disagree"),
  w: () => answer(current(), "wrong"),
  c: () => view.order.length && copy(realPath(rows[current()])),
  o: () => view.order.length && openOriginal(rows[current()]),
  g: () => byId("tiles").click(),
  Enter: () => openFilm(view.current),
  "/": () => byId("find").focus(),
};
const filmKeys = {
  ...anyKeys,
  j: () => step(1),
  k: () => step(-1),
  n: nextInFilm,
  r: () => sayOfFilm(() => markRead(film.index)),
  a: () => sayOfFilm(() => answer(film.index, "agree")),
  d: () => sayOfFilm(() => answer(film.index, "disagree")),
  w: () => sayOfFilm(() => answer(film.index, "wrong")),
  m: () => byId("note").focus(),
  c: () => copy(realPath(rows[film.index])),
  o: () => openOriginal(rows[film.index]),
  i: invert,
  h: toggleHeat,
  0: resetFilm,
  1: () => zoomTo(1 / devicePixelRatio),
  "+": () => zoomTo(scaleNow() * 1.25),
  "-": () => zoomTo(scaleNow() / 1.25),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const target = event.target;
  if (target.matches("input[type=search], select, textarea") || (event.key !== "?" && !keysOn.checked)) return;
  if (event.key === "Enter" && target.closest("a, button, input, summary")) return; // they have their own Enter
  const action = (dialog.open ? filmKeys : listKeys)[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

for (const button of document.querySelectorAll("dialog .close")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

recallKeys();
document.documentElement.classList.add("scripted");
refresh();
document.documentElement.dataset.ready = Math.round(performance.now()); // ms from opening until it answers
document.addEventListener("DOMContentLoaded", () => {
  if (meta.pictures && !dialog.open) render(); // thumbnails stand behind the script, and are there only now
});

// A page of a folder that is watched: a newer one may be there. Never while a film or the help is open, or text typed.
if (meta.reload) {
  setInterval(() => {
    if (!document.querySelector("dialog[open]") && !document.activeElement.matches("input, select, textarea")) {
      location.reload();
    }
  }, 1000 * meta.reload);
}
