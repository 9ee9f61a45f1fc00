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

const anyKeys = { "?": () => byId("help").showModal() };
const listKeys = {
  ...anyKeys,
  j: () => goTo(view.current + (currentButton() === document.activeElement ? 1 : 0), true),
  k: () => goTo(view.current - 1, true),
  r: () => view.order.length && review(view.order[view.current]),
  Enter: () => openFilm(view.current),
  "/": () => byId("find").focus(),
};
const filmKeys = {
  ...anyKeys,
  j: () => step(1),
  k: () => step(-1),
  r: () => {
    review(film.index);
    byId("filmreviewed").checked = isReviewed(rows[film.index]);
  },
  i: invert,
  h: toggleHeat,
  0: resetFilm,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const target = event.target;
  if (target.matches("input[type=search], select") || (event.key !== "?" && !keysOn.checked)) return;
  if (event.key === "Enter" && target.closest("a, button, input, summary")) return; // they have their own Enter
  const action = (dialog.open ? filmKeys : listKeys)[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

for (const button of document.querySelectorAll("dialog .close")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
byId("showhelp").addEventListener("click", () => byId("help").showModal());

recallKeys();
byId("toolbar").hidden = byId("showhelp").hidden = false;
refresh();
document.documentElement.dataset.ready = Math.round(performance.now()); // ms from opening until it answers
document.addEventListener("DOMContentLoaded", () => {
  if (meta.pictures && !dialog.open) render(); // thumbnails stand behind the script, and are there only now
});
