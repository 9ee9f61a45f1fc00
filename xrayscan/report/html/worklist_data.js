"use strict";

// The data of the page: rows as lists (see worklist_data.py), marks of what was reviewed, and small helpers.

const byId = (id) => document.getElementById(id);
const RANK = 0, PROBABILITY = 1, TIER = 2, CALLED = 3, FLAGS = 4, SOURCE = 5, VIEW = 6, ROWS = 7, COLUMNS = 8;
const FORMAT = 9, REASON = 10, MARK = 11, OTHERS = 12, CELL = 13, TAGS = 14, STATUS = 15, MEAN = 16;

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
const probability = (value) => value.toFixed(4);
const scored = (row) => row[RANK] !== null;

/** Text of a data element that belongs to a row, such as its film; null where there is none. */
function dataOf(kind, index) {
  const element = byId(`${kind}-${index}`);
  return element && element.textContent;
}

// Marks are kept in this browser for this page's address. A film whose content changed is another film: unmarked.
const MARKS_KEY = `xrayscan reviewed ${location.pathname}`;
const markOf = (row) => `${row[MARK]} ${row[SOURCE]}`;
let marksKept = true;
let marks = new Map();

function loadMarks() {
  try {
    marks = new Map(Object.entries(JSON.parse(localStorage.getItem(MARKS_KEY) || "{}")));
  } catch {
    marksKept = false;
  }
}

function setMark(row, on) {
  if (on) marks.set(markOf(row), new Date().toISOString());
  else marks.delete(markOf(row));
  try {
    localStorage.setItem(MARKS_KEY, JSON.stringify(Object.fromEntries(marks)));
  } catch {
    marksKept = false;
  }
}

const isReviewed = (row) => marks.has(markOf(row));

/** A CSV field: quoted where needed. Names were made harmless for spreadsheets when the page was written. */
function csvField(value) {
  const text = String(value ?? "");
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function exportMarks() {
  const lines = [["rank", "source", "probability", "tier", "reviewed"]];
  for (const row of rows) {
    if (isReviewed(row)) {
      lines.push([row[RANK], row[CELL] || row[SOURCE], row[PROBABILITY], row[TIER], marks.get(markOf(row))]);
    }
  }
  const text = lines.map((line) => line.map(csvField).join(",") + "\n").join("");
  const link = make("a", { download: "reviewed.csv" });
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.click();
  URL.revokeObjectURL(link.href);
}

loadMarks();
