// The bar above the list: groups, find, filter, sort, list or grid, save. One stop of the Tab key; arrows move within.

const bar = byId("bar");
let waiting = 0;

for (const chip of bar.querySelectorAll("[data-group]")) {
  chip.addEventListener("click", () => {
    const on = !view.groups.delete(chip.dataset.group);
    if (on) view.groups.add(chip.dataset.group);
    chip.setAttribute("aria-pressed", on);
    refresh();
  });
}
byId("find").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 120);
});
byId("which").addEventListener("change", () => refresh());
byId("sort").addEventListener("change", (event) => sortBy(event.target.value, HIGHEST_FIRST(event.target.value)));
byId("reverse").addEventListener("click", () => sortBy(view.sort));
byId("tiles").addEventListener("click", () => {
  const on = byId("table").classList.toggle("tiles");
  byId("tiles").setAttribute("aria-pressed", on);
  render();
});
byId("export").addEventListener("click", saveAnswers);
byId("showhelp").addEventListener("click", () => byId("help").showModal());
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  currentButton()?.focus();
});
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

const stops = () => [...bar.querySelectorAll("button, input, select")].filter((one) => !one.disabled && one.offsetParent);

/** Whether an arrow key still moves the caret within the text of a field. */
function withinText(field, key) {
  if (field.type !== "search" || !field.value) return false;
  return key === "ArrowLeft" ? field.selectionEnd > 0 : key !== "ArrowRight" || field.selectionStart < field.value.length;
}

function only(stop) {
  for (const one of bar.querySelectorAll("button, input, select")) one.tabIndex = one === stop ? 0 : -1;
}

bar.addEventListener("keydown", (event) => {
  const all = stops(), at = all.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || at < 0 || withinText(event.target, event.key)) return;
  event.preventDefault();
  all[(to + all.length) % all.length].focus();
});
bar.addEventListener("focusin", (event) => only(event.target));
only(byId("find"));
new ResizeObserver(() => {
  const sticky = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
  document.documentElement.style.setProperty("--bar", `${sticky}px`);
}).observe(bar);
window.addEventListener("beforeprint", () => {
  const all = view.order.length, cut = all > PRINTED;
  byId("paper").textContent = cut ? `On paper: the first ${PRINTED} of ${number(all)} rows. triage.csv lists them all.` : "";
  show(0, view.order.slice(0, PRINTED));
});
window.addEventListener("afterprint", render);
window.addEventListener("storage", (event) => {
  if (event.key !== ANSWERS_KEY) return;
  loadAnswers(); // given in another tab
  render();
});
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button.dataset.copy));
}

/** Copy a text, and say whether that worked. */
async function copy(text) {
  const told = byId("told");
  (dialog.open ? dialog : document.body).append(told);
  try {
    await navigator.clipboard.writeText(text);
    told.textContent = "Copied.";
  } catch {
    told.textContent = "This browser did not allow copying.";
  }
  setTimeout(() => (told.textContent = ""), 2000);
}
