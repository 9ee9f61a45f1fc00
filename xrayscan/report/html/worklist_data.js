"use strict";

// The data of the page: rows as lists (see worklist_data.py), and small helpers.

const byId = (id) => document.getElementById(id);
const RANK = 0, PROBABILITY = 1, TIER = 2, FLAGGED = 3, FLAGS = 4, SOURCE = 5, VIEW = 6, ROWS = 7, COLUMNS = 8;
const FORMAT = 9, REASON = 10, MARK = 11, OTHERS = 12, CELL = 13, LINK = 14, TAGS = 15, STATUS = 16, MEAN = 17;

const meta = JSON.parse(byId("meta").textContent);
const rows = JSON.parse(byId("data").textContent);

/** Make an element with properties, `aria-…`/`data-…` attributes and children; text is only ever set as text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** A path, isolated from the text around it, that breaks behind its separators rather than within a name. */
function pathOf(text) {
  return make("bdi", {}, ...text.split(/(?<=[/\\_])/).flatMap((part) => [part, make("wbr")]).slice(0, -1));
}

const number = (value) => value.toLocaleString("en");
const scored = (row) => row[RANK] !== null;

/** Folder and name of a path. */
function split(path) {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf(meta.separator)) + 1;
  return [path.slice(0, at), path.slice(at)];
}

/** Percent, whole and fraction: two decimals, and near 0 and 100 as many as tell it from them. */
function percent(value) {
  const rest = Math.min(value, 1 - value);
  const decimals = rest > 0 && rest < 5e-5 ? Math.min(6, Math.ceil(-Math.log10(100 * rest))) : 2;
  const [whole, fraction] = (100 * value).toFixed(decimals).split(".");
  return [whole, `.${fraction}`];
}

/** Where a probability stands on a bar of log odds, as a share of its width. */
function placeOf(value) {
  const odds = Math.log(Math.max(value, 1e-9) / Math.max(1 - value, 1e-9));
  return Math.min(1, Math.max(0, (odds / meta.reach + 1) / 2));
}

const percentOf = (value) => make("span", { className: "percent" },
  ...percent(value).map((part) => make("span", {}, part)));

/** The number, and a bar on the scale of log odds with a tick where films are flagged. */
function barOf(value, tick = null) {
  const bar = make("span", { className: "bar", "aria-hidden": "true" }, make("span"));
  bar.firstChild.style.width = `${(100 * placeOf(value)).toFixed(1)}%`;
  if (tick !== null) {
    bar.append(make("i"));
    bar.lastChild.style.left = `${(100 * placeOf(tick)).toFixed(1)}%`;
  }
  return [percentOf(value), bar];
}

/** Text of a data element that belongs to a row, such as its film; null where there is none. */
function dataOf(kind, index) {
  const element = byId(`${kind}-${index}`);
  return element && element.textContent;
}
