// What comes of the answers: the file (idp/assurance/writing.py) and the picture
// (idp/figures/pictures.py) once more, for the page. A test compares both with the Python.
import { FAILURES, day, fill, letters, levelText, text } from "./questionnaire-rules.js?v=646ba66f57bbe02b";

// The text of services.toml, or null with `typed.wrong` saying what is missing.
export function signedFile(paper, typed, asked) {
  const [name, body, action] = ["service_name", "body", "action"].map((field) => text(typed, field));
  const [signer, role] = ["signer", "role"].map((field) => text(typed, field));
  const signedOn = day(typed, "signed_on");
  if (signedOn === null) typed.wrong.signed_on ??= "empty";
  else if (signedOn > paper.today) typed.wrong.signed_on ??= "to-come";
  if (Object.keys(typed.wrong).length || signedOn === null) return null;
  const ids = { service: slug(name, "service"), action: slug(action, "action") };
  const lines = [
    fill(paper.file_head, ids),
    "[[service]]",
    ...values([
      ["client_id", ids.service],
      ["name", name],
      ["owner", body],
      ["about", typed.fields.about],
      ["customers", typed.fields.customers],
      ["shut_out", asked.shut_out],
      ["other_route", asked.other_route],
    ]),
    "",
    "[service.signature]",
    ...values([
      ["name", signer],
      ["role", role],
      ["date", new Day(signedOn)],
    ]),
    "",
    "[[service.action]]",
    ...values([
      ["id", ids.action],
      ["threat", asked.threat],
      ["return_visits", asked.return_visits],
    ]),
  ];
  for (const failure of FAILURES) {
    lines.push("", `[service.action.${failure}]`);
    for (const category of paper.categories) {
      const severity = asked[failure][category];
      if (severity) lines.push(`${category} = ${severity}  # ${paper.words[category][1][severity - 1]}`);
    }
  }
  for (const { kind, evidence, owner, review_by: review } of asked.mitigations) {
    lines.push("", "[[service.action.mitigation]]");
    lines.push(...values([["kind", kind], ["evidence", evidence], ["owner", owner], ["review_by", Day.or(review)]]));
  }
  if (asked.override) {
    const { identity, sign_in: signIn, reason, owner, until } = asked.override;
    lines.push("", "[service.action.override]");
    lines.push(...values([["identity", identity], ["sign_in", signIn], ["reason", reason], ["owner", owner]]));
    lines.push(...values([["until", new Day(until)]]));
  }
  return `${lines.join("\n")}\n`;
}

// TOML writes a day without quotes.
class Day {
  constructor(written) {
    this.written = written;
  }

  static or(written) {
    return written === null ? null : new Day(written);
  }
}

const values = (pairs) =>
  pairs.filter(([, value]) => value !== null).map(([key, value]) => `${key} = ${valueText(value)}`);

const NAMED = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\" };

function valueText(value) {
  if (value instanceof Day) return value.written;
  if (typeof value !== "string") return String(value);
  const escaped = value.replace(
    /["\\\x00-\x1f\x7f]/g,
    (one) => NAMED[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

function slug(name, otherwise) {
  const plain = name.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase();
  return (plain.match(/[a-z0-9]+/g) ?? []).join("-") || otherwise;
}

// ---- The picture of what one change would do: SVG as text, like idp/figures/pictures.py ----

const [WIDTH, INK, PAPER, BLUE] = [360, "#0b0c0c", "#ffffff", "#1d70b8"];
const LABEL_LETTERS = 42;
const SPECIAL = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;" };
const escape = (words) => words.replace(/[&<>'"]/g, (one) => SPECIAL[one]);

// Nothing typed goes into it. "" when no change moves the level.
export function picture(paper, found) {
  const short = paper.mitigations_in_short;
  const moving = (effects) => effects.filter((effect) => effect.moves);
  const drawn = [
    ...moving(found.added).map((effect) => [short[effect.kind], effect.level]),
    ...moving(found.removed).map((e) => [fill(paper.texts.without, { what: short[e.kind] }), e.level]),
  ];
  return drawn.length ? waterfall(paper.texts.picture, found.now.level, drawn) : "";
}

function waterfall(title, start, steps) {
  const drawn = [["", start], ...steps].flatMap(([label, level], n) => {
    const y = n * 56;
    const row = [words(0, y + 14, clip(label || levelText(start), LABEL_LETTERS - (n ? 8 : 0)))];
    if (n) row.push(words(WIDTH, y + 14, levelText(level), "end"));
    for (const [letter, x, had, has] of [
      ["P", 0, start.identity, level.identity],
      ["C", 188, start.sign_in, level.sign_in],
    ]) {
      row.push(words(x, y + 38, `${letter}${has}`));
      for (const block of [0, 1, 2]) row.push(blockOf(x + 30 + block * 46, y + 24, block, had, has));
    }
    return row;
  });
  const said = [levelText(start), ...steps.map(([label, level]) => `${label}: ${levelText(level)}`)];
  return (
    `<svg class="gatehouse-picture" xmlns="http://www.w3.org/2000/svg" role="img" ` +
    `viewBox="0 0 ${WIDTH} ${(steps.length + 1) * 56}" width="100%" ` +
    `aria-labelledby="t-picture d-picture" font-family="arial, sans-serif">` +
    `<title id="t-picture">${escape(title)}</title><desc id="d-picture">${escape(said.join("; "))}</desc>` +
    `${drawn.join("")}</svg>`
  );
}

function clip(label, most) {
  const all = letters(label);
  return all.length <= most ? label : `${all.slice(0, most - 1).join("")}…`;
}

const words = (x, y, said, anchor = "start") =>
  `<text x="${x}" y="${y}" font-size="14" fill="${INK}" text-anchor="${anchor}">${escape(said)}</text>`;

function blockOf(x, y, block, had, has) {
  const rect = (fillColour, more = "") =>
    `<rect x="${x}" y="${y}" width="42" height="18" fill="${fillColour}"${more}/>`;
  if (block >= has) return rect(PAPER, block < had ? ` stroke="${BLUE}" stroke-dasharray="4 3"` : "");
  if (block < had) return rect(BLUE);
  return (
    `${rect(BLUE)}<line x1="${x}" y1="${y + 9}" x2="${x + 42}" y2="${y + 9}" stroke="${PAPER}" stroke-width="2"/>`
  );
}
