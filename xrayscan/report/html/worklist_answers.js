// What the reader says of films: read or not, agree, disagree, wrong picture, a note. Kept in this browser, by run.

const ANSWERS = { agree: "✓", disagree: "✕", wrong: "⊘" };
const ANSWERS_KEY = `xrayscan answers ${meta.run}`;
// A film whose content changed is another film, without an answer.
const markOf = (row) => `${row[MARK]} ${row[SOURCE]}`;
let answersKept = true;
let answers = new Map();

function loadAnswers() {
  try {
    answers = new Map(Object.entries(JSON.parse(localStorage.getItem(ANSWERS_KEY) || "{}")));
  } catch {
    answersKept = false;
  }
}

function keepAnswers() {
  try {
    localStorage.setItem(ANSWERS_KEY, JSON.stringify(Object.fromEntries(answers)));
    answersKept = true;
  } catch {
    answersKept = false;
  }
}

const saidOf = (row) => answers.get(markOf(row)) || {};
const isRead = (row) => Boolean(saidOf(row).read);
const noteOf = (row) => String(saidOf(row).note || "");

/** The label is kept, not "agree": another threshold does not change what the reader saw. */
function answerOf(row) {
  const said = saidOf(row);
  if (said.wrong) return "wrong";
  if (said.label === undefined) return "";
  return said.label === row[FLAGGED] ? "agree" : "disagree";
}

function change(row, changes) {
  const said = { ...saidOf(row), ...changes };
  for (const name of Object.keys(said)) if (said[name] === undefined || said[name] === "") delete said[name];
  if (Object.keys(said).length) answers.set(markOf(row), said);
  else answers.delete(markOf(row));
  keepAnswers();
}

/** Give an answer, or take the same one back. A film with an answer is read. */
function setAnswer(row, answer) {
  const back = answerOf(row) === answer;
  const label = answer === "agree" ? row[FLAGGED] : 1 - row[FLAGGED];
  change(row, {
    label: back || answer === "wrong" ? undefined : label,
    wrong: back || answer !== "wrong" ? undefined : 1,
    read: back ? undefined : new Date().toISOString(),
  });
}

function setRead(row, on) {
  change(row, on ? { read: new Date().toISOString() } : { read: undefined, label: undefined, wrong: undefined });
}

const FORMULA = /^['=+\-@＝＋－＠]/; // a spreadsheet would run it, or take the quotation mark away

/** A CSV field on one line, harmless for spreadsheets. Paths were made so when the page was written. */
function csvField(value) {
  const text = String(value ?? "");
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function harmless(text) {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return FORMULA.test(line) ? `'${line}` : line;
}

/** One line per film with an answer, a note or a mark. Only an answer about the finding gives a label. */
function answersCsv() {
  const lines = [["path", "label", "answer", "note", "rank", "probability", "tier", "read"]];
  for (const row of rows) {
    if (!answers.has(markOf(row))) continue;
    const said = saidOf(row);
    const label = said.label === undefined ? "" : harmless(meta.labels[said.label]);
    const answer = answerOf(row) === "wrong" ? "wrong picture" : answerOf(row);
    lines.push([row[CELL] || row[SOURCE], label, answer, harmless(noteOf(row)), row[RANK], row[PROBABILITY], row[TIER], said.read]);
  }
  return lines.map((line) => line.map(csvField).join(",") + "\n").join("");
}

function saveAnswers() {
  const link = make("a", { download: "answers.csv" });
  link.href = URL.createObjectURL(new Blob([answersCsv()], { type: "text/csv" }));
  link.click();
  URL.revokeObjectURL(link.href);
}

loadAnswers();
