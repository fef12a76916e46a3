// The questionnaire worked out in the page: the rules of idp/assurance/answers.py, assessment.py and
// whatif.py once more. No page, no network, no clock. `paper` is what idp/assurance/paper.py tells:
// every table, sentence and word is in there. A test compares it with the Python, answer for answer.

const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const UNTYPABLE = /[\p{Cc}\p{Cs}]/gu;
const DAY = /^(?:(\d{1,2})[ ./-](\d{1,2})[ ./-](\d{4})|(\d{4})-(\d{1,2})-(\d{1,2}))$/;
const SEVERITIES = ["0", "1", "2", "3", "4"];
export const FAILURES = ["wrong_person", "taken_over"];

export const letters = (text) => Array.from(text);
const oneLine = (text) => text.split(SPACES).filter(Boolean).join(" ");

// Puts the values into the places of a sentence, which are written %(name)s.
export const fill = (text, values) => text.replace(/%\((\w+)\)[sd]/g, (_place, name) => values[name]);

// ---- What was typed ----

export function read(paper, form) {
  const typed = { fields: {}, wrong: {} };
  for (const name of paper.fields) {
    const sent = letters(form[name] ?? "");
    let text = oneLine(sent.slice(0, paper.longest * 4).join(""));
    if (text.search(UNTYPABLE) >= 0) {
      typed.wrong[name] = "untypable";
      text = oneLine(text.replace(UNTYPABLE, ""));
    }
    if (letters(text).length > paper.longest || sent.length > paper.longest * 4) typed.wrong[name] = "too-long";
    if (text) typed.fields[name] = oneLine(letters(text).slice(0, paper.longest).join(""));
  }
  return typed;
}

export function text(typed, name) {
  if (!typed.fields[name]) typed.wrong[name] ??= "empty";
  return typed.fields[name] ?? "";
}

function choice(typed, name, known, otherwise = "") {
  const value = typed.fields[name] || otherwise;
  if (known.includes(value)) return value;
  typed.wrong[name] ??= "choose";
  return "";
}

export function day(typed, name) {
  const written = typed.fields[name];
  if (!written) return null;
  const found = parseDay(written);
  if (found === null) typed.wrong[name] ??= "no-day";
  return found;
}

// A day as 2027-06-30, so that days compare as texts do; null for what is none.
export function parseDay(written) {
  const match = DAY.exec(written);
  if (!match) return null;
  const [year, month, date] = match[4] ? match.slice(4) : [match[3], match[2], match[1]];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  if (Number(year) === 0 || !days || Number(date) === 0 || date > days) return null;
  return `${year}-${month.padStart(2, "0")}-${date.padStart(2, "0")}`;
}

export function checkFirst(paper, typed) {
  text(typed, "about");
  choice(typed, "customers", paper.customers);
}

export function questionnaire(paper, typed) {
  checkFirst(paper, typed);
  const severities = (failure) =>
    Object.fromEntries(paper.categories.map((c) => [c, Number(choice(typed, `${failure}-${c}`, SEVERITIES) || 4)]));
  const wrongPerson = severities("wrong_person");
  const same = choice(typed, "same", ["yes", "no"]) !== "no";
  const takenOver = same ? { ...wrongPerson } : severities("taken_over");
  const shutOut = Number(choice(typed, "shut_out", SEVERITIES) || 0);
  if (shutOut >= paper.serious && !typed.fields.other_route) typed.wrong.other_route ??= "no-route";
  return {
    wrong_person: wrongPerson,
    taken_over: takenOver,
    threat: choice(typed, "threat", paper.threats) || "high",
    return_visits: choice(typed, "return_visits", ["yes", "no"], "yes") !== "no",
    mitigations: readMitigations(paper, typed),
    override: readOverride(paper, typed),
    shut_out: shutOut,
    other_route: typed.fields.other_route ?? "",
  };
}

function readMitigations(paper, typed) {
  const named = (kind) => ["evidence", "owner", "review"].some((part) => typed.fields[`${part}-${kind}`]);
  return Object.keys(paper.mitigations)
    .filter(named)
    .map((kind) => ({
      kind,
      evidence: typed.fields[`evidence-${kind}`] ?? "",
      owner: typed.fields[`owner-${kind}`] ?? "",
      review_by: day(typed, `review-${kind}`),
    }));
}

function readOverride(paper, typed) {
  if (!paper.exception.some((name) => typed.fields[name])) return null;
  const part = (name) =>
    typed.fields[name] ? Number(choice(typed, name, SEVERITIES.slice(0, 4)) || 3) : null;
  const [identity, signIn] = [part("fix_identity"), part("fix_sign_in")];
  if (identity === null && signIn === null) typed.wrong.fix_identity ??= "nothing-fixed";
  const until = day(typed, "fix_until");
  if (until === null) typed.wrong.fix_until ??= "empty";
  else if (until < paper.today) typed.wrong.fix_until ??= "past";
  else if (until > paper.latest) typed.wrong.fix_until ??= "too-late";
  return {
    identity,
    sign_in: signIn,
    reason: text(typed, "fix_reason"),
    owner: text(typed, "fix_owner"),
    until: until ?? paper.today,
  };
}

// ---- The level, with its working ----

export const levelText = (level) => `P${level.identity}.C${level.sign_in}`;
const sameLevel = (one, other) => one.identity === other.identity && one.sign_in === other.sign_in;

export function assess(paper, asked) {
  const say = (name, values = {}) => fill(paper.sentences[name], values);
  const working = mitigate(paper, asked, say);
  const [identity, identityWhy] = worst(paper, working.left.wrong_person, asked.threat, "P", say);
  const [signIn, signInWhy] = worst(paper, working.left.taken_over, asked.threat, "C", say);
  const reasons = [
    identityWhy,
    signInWhy,
    ...working.mitigated,
    ...working.uncounted,
    ...threatReasons(paper, asked.threat, working.left, say),
  ];
  const answers = { identity, sign_in: signIn };
  let level = answers;
  for (const step of [withoutAccount, withCoupling, withOverride]) {
    const [next, said] = step(paper, level, asked, say);
    level = next;
    reasons.push(...said);
  }
  if (asked.shut_out >= paper.serious) {
    reasons.push(say("shut_out", { severity: asked.shut_out, route: asked.other_route || say("no_route") }));
  }
  return { level, answers, tier: tierOf(paper, level), reasons };
}

function whyUncounted(paper, mitigation, say) {
  if (!mitigation.evidence) return say("no_evidence");
  if (!mitigation.owner) return say("no_owner");
  if (mitigation.review_by === null) return say("no_review");
  return mitigation.review_by < paper.today ? say("review_due", { day: mitigation.review_by }) : null;
}

function mostSteps(paper, category, threat) {
  if (category === "safety") return paper.most_steps_safety;
  if (threat === "high" && paper.money.includes(category)) return paper.most_steps_money_high_threat;
  return paper.most_steps;
}

function mitigate(paper, asked, say) {
  const each = (make) => Object.fromEntries(paper.categories.map((c) => [c, make(c)]));
  const left = Object.fromEntries(FAILURES.map((f) => [f, each((c) => asked[f][c] ?? 0)]));
  const room = Object.fromEntries(FAILURES.map((f) => [f, each((c) => mostSteps(paper, c, asked.threat))]));
  const [mitigated, uncounted] = [[], []];
  // A form names each kind once, so none is counted twice.
  for (const mitigation of asked.mitigations) {
    const { kind, evidence } = mitigation;
    const why = whyUncounted(paper, mitigation, say);
    if (why) {
      uncounted.push(say("uncounted", { kind, why }));
      continue;
    }
    const took = new Map(); // the same step in both failures is said once
    for (const [category, steps] of Object.entries(paper.mitigations[kind])) {
      FAILURES.forEach((failure, n) => {
        const before = left[failure][category];
        const taken = Math.min(steps[n], room[failure][category], before);
        if (!taken) return;
        room[failure][category] -= taken;
        left[failure][category] = before - taken;
        const step = say("step", { harm: paper.words[category][0], before, after: before - taken });
        took.set(step, [...(took.get(step) ?? []), say(failure)]);
      });
    }
    const lowered = Array.from(took, ([step, whens]) =>
      whens.length === FAILURES.length ? step : say("step_in_one", { step, when: whens[0] }),
    );
    const effect = lowered.length ? say("lowers", { steps: lowered.join("; ") }) : say("nothing_more");
    mitigated.push(say("mitigated", { kind, effect, evidence }));
  }
  return { left, mitigated, uncounted };
}

function calledFor(paper, category, severity, row, threat, part) {
  let moved = 0;
  if (threat === "low" && ["distress", "service"].includes(category) && severity <= 2) moved = -1;
  if (threat === "high" && paper.money.includes(category) && severity >= 2 && part === "C") moved = 1;
  return Math.min(3, Math.max(0, row[severity] + moved));
}

function worst(paper, left, threat, part, say) {
  const rows = part === "P" ? paper.identity : paper.sign_in;
  const levels = paper.categories.map((c) => calledFor(paper, c, left[c], rows[c], threat, part));
  const level = Math.max(...levels);
  const what = say(part);
  const when = say(part === "P" ? "wrong_person" : "taken_over");
  if (!level) return [0, say("no_harm", { what, part, when })];
  const harms = paper.categories
    .filter((_category, n) => levels[n] === level)
    .map((c) => {
      const [harm, meanings] = paper.words[c];
      return say("harm", { harm, severity: left[c], meaning: meanings[left[c] - 1] });
    });
  return [level, say("worst", { what, part, level, when, harms: harms.join("; ") })];
}

function threatReasons(paper, threat, left, say) {
  if (threat === "normal") return [];
  const moved = [];
  for (const [part, failure, rows] of [
    ["P", "wrong_person", paper.identity],
    ["C", "taken_over", paper.sign_in],
  ]) {
    for (const category of paper.categories) {
      const severity = left[failure][category];
      const plain = rows[category][severity];
      const level = calledFor(paper, category, severity, rows[category], threat, part);
      if (level !== plain) moved.push(say("moved", { harm: paper.words[category][0], part, level, plain }));
    }
  }
  const cap = threat === "high" ? say("money_cap") : "";
  return [say("threat", { threat, effect: moved.length ? moved.join("; ") : say("none_moved"), cap })];
}

function withoutAccount(_paper, level, asked, say) {
  if (asked.return_visits || level.identity) return [level, []];
  return [{ identity: 0, sign_in: 0 }, [say("no_account")]];
}

function withCoupling(paper, level, _asked, say) {
  const to = Math.max(level.sign_in, paper.coupling[level.identity] ?? 0);
  if (to === level.sign_in) return [level, []];
  const said = say("coupled", { identity: level.identity, before: level.sign_in, to });
  return [{ identity: level.identity, sign_in: to }, [said]];
}

function withOverride(paper, level, asked, say) {
  const exception = asked.override;
  if (exception === null) return [level, []];
  if (exception.until < paper.today) return [level, [say("override_ended", { day: exception.until })]];
  const fixed = {
    identity: exception.identity ?? level.identity,
    sign_in: exception.sign_in ?? level.sign_in,
  };
  const said = say("override", {
    before: levelText(level),
    after: levelText(fixed),
    day: exception.until,
    reason: exception.reason,
    owner: exception.owner,
  });
  const [coupled, more] = withCoupling(paper, fixed, asked, say);
  return [coupled, [said, ...more]];
}

function tierOf(paper, level) {
  const covering = Object.entries(paper.tiers)
    .filter(([, [identity, signIn]]) => identity >= level.identity && signIn >= level.sign_in)
    .map(([number]) => Number(number));
  return Math.min(...covering);
}

// ---- What one mitigation more, or one fewer, would do ----

export function whatIf(paper, asked) {
  const now = assess(paper, asked);
  const say = (name, values = {}) => fill(paper.sentences[name], values);
  const standing = asked.mitigations.filter((m) => whyUncounted(paper, m, say) === null).map((m) => m.kind);
  const effect = (kind, mitigations) => {
    const got = assess(paper, { ...asked, mitigations });
    const less = got.answers.sign_in < now.answers.sign_in;
    const heldUp = less && got.level.sign_in === now.level.sign_in;
    return { kind, level: got.level, tier: got.tier, held_up: heldUp, moves: !sameLevel(got.level, now.level) };
  };
  const [added, removed] = [[], []];
  for (const kind of Object.keys(paper.mitigations)) {
    if (standing.includes(kind)) {
      removed.push(effect(kind, asked.mitigations.filter((m) => m.kind !== kind)));
    } else {
      const one = { kind, evidence: "-", owner: "-", review_by: paper.today };
      added.push(effect(kind, [...asked.mitigations, one]));
    }
  }
  return { now, added, removed };
}

// Those that move the level first; the order stays otherwise.
export const stepsOf = (found) =>
  [...found.added].sort((one, other) => Number(other.moves) - Number(one.moves));
