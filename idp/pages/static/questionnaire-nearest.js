// Where a designer starts: idp/assurance/nearest.py and experts_file.py once more, for the page. A
// test compares it with the Python.
import { FAILURES, letters } from "./questionnaire-rules.js?v=646ba66f57bbe02b";

const WORD = /[\p{L}\p{Nl}\p{No}]{3,}/gu;

function stems(paper, sentence) {
  const found = new Map();
  for (const match of sentence.matchAll(WORD)) {
    const word = match[0].toLowerCase();
    if (!paper.common.includes(word)) found.set(stem(paper, word), word);
  }
  return found;
}

function stem(paper, word) {
  const most = letters(word).length - 3;
  const ending = paper.endings.find((one) => word.endsWith(one) && one.length <= most);
  return ending ? word.slice(0, -ending.length) : word;
}

export function nearest(paper, about, customers, asked = null) {
  const wanted = stems(paper, about);
  const found = paper.published.map((entry) => {
    const shared = Array.from(wanted.keys()).filter((one) => entry.stems.includes(one));
    let distance = paper.weighs.words * (wanted.size ? 1 - shared.length / wanted.size : 1);
    distance += paper.weighs.customers * Number(!customers || customers !== entry.customers);
    if (asked) distance += apart(paper, asked, entry);
    return { entry, distance, shared: shared.map((one) => wanted.get(one)) };
  });
  return found.sort((one, other) => one.distance - other.distance);
}

function apart(paper, ours, theirs) {
  const steps = FAILURES.flatMap((f) =>
    paper.categories.map((c) => Math.abs((ours[f][c] ?? 0) - (theirs[f][c] ?? 0))),
  ).reduce((sum, one) => sum + one, 0);
  const most = 4 * FAILURES.length * paper.categories.length;
  const threat = Math.abs(paper.threats.indexOf(ours.threat) - paper.threats.indexOf(theirs.threat));
  const kinds = ours.mitigations.map((m) => m.kind);
  const all = Object.keys(paper.mitigations);
  const onlyOneHas = all.filter((kind) => kinds.includes(kind) !== theirs.mitigations.includes(kind));
  return (
    (paper.weighs.harms * steps) / most +
    paper.weighs.threat * threat +
    (paper.weighs.mitigations * onlyOneHas.length) / all.length
  );
}

export function worstHarms(paper, asked) {
  const most = paper.categories.map((c) => Math.max(...FAILURES.map((f) => asked[f][c] ?? 0)));
  const highest = Math.max(...most);
  return paper.categories.filter((_category, n) => most[n] === highest && highest > 0);
}

export function expertsFor(paper, customers, harms) {
  const worth = (one) =>
    2 * Number(one.customers.includes(customers)) +
    new Set(harms.filter((harm) => one.knows.includes(harm))).size;
  const found = paper.experts.filter(worth).sort((one, other) => worth(other) - worth(one));
  return found.slice(0, paper.experts_named);
}
