// The questionnaire in one page: nothing typed is sent. The rules get what they need (the paper)
// before anything is answered; then this page may send nothing any more, and the browser sees to it.
// Without this script the same forms are sent to the server, which works the answers out.
import { checkFirst, fill, levelText, questionnaire, read, stepsOf, whatIf } from "./questionnaire-rules.js?v=646ba66f57bbe02b";
import { expertsFor, nearest, worstHarms } from "./questionnaire-nearest.js?v=9a91271ca5d0d325";
import { picture, signedFile } from "./questionnaire-written.js?v=a0ef19e7b10e06c8";

const NEAR_SHOWN = 3;
const PATIENCE_MILLISECONDS = 15_000;
const start = document.querySelector('[data-paper^="/"]');
const site = document.title.split(" - ").at(-1);
const pages = { start };
const waysBack = {}; // each page's link above its main part; the first has none
const reached = new Set(["start"]);
let paper = null;
let startedFrom = null; // the published assessment whose answers were filled in
let touched = false; // somebody answered a question since

const formOf = (page, name) => page.querySelector(`[data-form="${name}"]`);
const slot = (within, name) => within.querySelector(`[data-slot="${name}"]`);
const say = (within, name, words) => {
  slot(within, name).textContent = words;
};

function when(state) {
  for (const told of start.querySelectorAll("[data-when]")) told.hidden = told.dataset.when !== state;
}

// ---- The paper ----

async function getPaper() {
  const answer = await fetch(start.dataset.paper, {
    credentials: "omit",
    signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
  });
  if (!answer.ok) throw new Error(`The paper did not come: ${answer.status}`);
  paper = await answer.json();
  for (const name of ["questions", "result"]) {
    const page = document.createElement("div");
    page.append(fragment(paper.pages[name]));
    pages[name] = page;
    waysBack[name] = page.querySelector("nav");
    waysBack[name].remove();
  }
  shutTheDoor();
}

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// From here on the browser itself refuses to send a form or to ask for anything on a script's behalf.
function shutTheDoor() {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "connect-src 'none'; form-action 'none'";
  document.head.append(policy);
}

// ---- One page after another: the others keep what was typed, out of sight ----

function show(name) {
  const page = pages[name];
  Object.values(pages).find((one) => one.isConnected).replaceWith(page);
  document.getElementById("way-back").replaceChildren(...(waysBack[name] ? [waysBack[name]] : []));
  const heading = page.querySelector("h1");
  document.title = `${heading.textContent} - ${site}`;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function goOn(name) {
  reached.add(name);
  history.pushState({ page: name }, "", `#${name}`);
  show(name);
}

addEventListener("popstate", (event) => {
  const name = event.state?.page ?? "start";
  if (paper) show(reached.has(name) ? name : "start");
});

function typedIn() {
  const forms = [start.querySelector("form"), formOf(pages.questions, "questions"), formOf(pages.result, "sign")];
  return read(paper, Object.fromEntries(forms.flatMap((form) => Array.from(new FormData(form)))));
}

// ---- What is wrong ----

// Shows what is wrong with these fields of the page; answers whether anything is.
function told(page, wrong, names) {
  page.querySelector(".govuk-error-summary")?.remove();
  for (const said of page.querySelectorAll(".govuk-error-message")) said.remove();
  for (const group of page.querySelectorAll(".govuk-form-group--error")) unmark(group);
  const found = Object.entries(wrong).filter(([name]) => names.includes(name));
  if (!found.length) return false;
  const summary = slot(pages.questions, "errors").content.cloneNode(true).firstElementChild;
  const list = summary.querySelector("ul");
  list.replaceChildren();
  for (const [name, problem] of found) {
    mark(page, name, paper.wrong[problem]);
    const link = document.createElement("a");
    link.href = `#${name}`;
    link.textContent = paper.places[name] + paper.wrong[problem];
    link.addEventListener("click", (event) => lookAt(event, page, name));
    list.append(document.createElement("li"));
    list.lastElementChild.append(link);
  }
  page.prepend(summary);
  const name = Object.keys(pages).find((one) => pages[one] === page);
  if (!page.isConnected) goOn(name);
  document.title = `${paper.texts.error} ${page.querySelector("h1").textContent} - ${site}`;
  summary.tabIndex = -1;
  summary.focus({ preventScroll: true });
  scrollTo(0, 0);
  return true;
}

const fieldOf = (page, name) => page.querySelector(`[id="${name}"]`);

function parts(group) {
  const described = group.querySelector("fieldset, input, textarea");
  return { described, box: described.matches("fieldset") ? null : described };
}

function mark(page, name, words) {
  const field = fieldOf(page, name);
  const group = field.closest(".govuk-form-group");
  const { described, box } = parts(group);
  const message = document.createElement("p");
  message.id = `${name}-error`;
  message.className = "govuk-error-message";
  const hidden = document.createElement("span");
  hidden.className = "govuk-visually-hidden";
  hidden.textContent = paper.texts.error;
  message.append(hidden, ` ${words}`);
  (box ?? group.querySelector(".govuk-radios")).before(message);
  group.classList.add("govuk-form-group--error");
  box?.classList.add(`govuk-${box.matches("textarea") ? "textarea" : "input"}--error`);
  const others = described.getAttribute("aria-describedby");
  described.setAttribute("aria-describedby", others ? `${others} ${message.id}` : message.id);
  for (let one = group; one !== page; one = one.parentElement) if (one.matches("details")) one.open = true;
}

function unmark(group) {
  const { described, box } = parts(group);
  group.classList.remove("govuk-form-group--error");
  box?.classList.remove("govuk-input--error", "govuk-textarea--error");
  const left = (described.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => !id.endsWith("-error"));
  if (left.join("")) described.setAttribute("aria-describedby", left.join(" "));
  else described.removeAttribute("aria-describedby");
}

// As the error summary of GOV.UK Frontend does, but the address stays as it is.
function lookAt(event, page, name) {
  event.preventDefault();
  const field = fieldOf(page, name);
  field.closest(".govuk-form-group").scrollIntoView();
  field.focus({ preventScroll: true });
}

// ---- The questions ----

function toQuestions() {
  const typed = read(paper, Object.fromEntries(new FormData(start.querySelector("form"))));
  checkFirst(paper, typed);
  if (told(start, typed.wrong, paper.first)) return;
  const page = pages.questions;
  say(page, "about", typed.fields.about);
  const [near] = nearest(paper, typed.fields.about, typed.fields.customers);
  if (near && near.entry !== startedFrom && !touched) startFrom(near.entry);
  if (near) {
    const { service, owner } = near.entry;
    say(page, "filled", fill(paper.texts.filled, { service, owner }));
    const shared = near.shared.join(", ");
    say(page, "shared", shared ? fill(paper.texts.shared, { words: shared }) : "");
    slot(page, "shared").hidden = !shared;
  }
  slot(page, "near").hidden = !near || touched || near.entry !== startedFrom;
  const harms = paper.categories.filter((c) => Number(startedFrom?.filled[`wrong_person-${c}`] ?? 0) > 1);
  peopleToAsk(page, expertsFor(paper, typed.fields.customers, harms));
  goOn("questions");
}

function startFrom(entry) {
  const form = formOf(pages.questions, "questions");
  form.reset();
  for (const [name, value] of Object.entries(entry.filled)) form.elements[name].value = value;
  slot(form, "again").open = entry.filled.same === "no";
  startedFrom = entry;
}

function startBlank() {
  const form = formOf(pages.questions, "questions");
  form.reset();
  slot(form, "again").open = false;
  slot(pages.questions, "near").hidden = true;
  touched = true;
  show("questions");
}

function peopleToAsk(page, experts) {
  const place = slot(page, "experts");
  place.hidden = !experts.length;
  fillList(place.querySelector("ul"), experts, (row, expert) => {
    for (const name of ["name", "body", "contact"]) say(row, name, expert[name]);
  });
}

// Fills a list of rows, each made of the template that stands in it; what stands there first stays.
function fillList(list, items, fillRow) {
  const template = list.querySelector("template");
  while (template.nextElementSibling) template.nextElementSibling.remove();
  for (const item of items) {
    const row = template.content.cloneNode(true).firstElementChild;
    fillRow(row, item);
    list.append(row);
  }
}

function fillItems(list, items) {
  list.replaceChildren();
  for (const words of items) {
    list.append(document.createElement("li"));
    list.lastElementChild.textContent = words;
  }
}

// ---- The result ----

function toResult() {
  const typed = typedIn();
  const asked = questionnaire(paper, typed);
  if (toldBeforeSigning(typed)) return;
  const found = whatIf(paper, asked);
  showLevel(pages.result, found, typed);
  showSteps(pages.result, found);
  const near = nearest(paper, typed.fields.about, typed.fields.customers, asked).slice(0, NEAR_SHOWN);
  fillItems(
    slot(pages.result, "near"),
    near.map(({ entry }) => fill(paper.texts.near, entry)),
  );
  peopleToAsk(pages.result, expertsFor(paper, typed.fields.customers, worstHarms(paper, asked)));
  goOn("result");
}

// What is wrong with an answer is told on the page that asks it.
function toldBeforeSigning(typed) {
  const others = paper.fields.filter((name) => !paper.first.includes(name) && !paper.signing.includes(name));
  return told(start, typed.wrong, paper.first) || told(pages.questions, typed.wrong, others);
}

function showLevel(page, { now }, typed) {
  const level = levelText(now.level);
  page.querySelector("h1").textContent = fill(paper.texts.result, { tier: now.tier });
  say(page, "about", typed.fields.about);
  say(page, "level", fill(paper.texts.level, { level }));
  say(page, "tier", paper.tier_names[now.tier] ?? now.tier);
  say(page, "identity", `P${now.level.identity}`);
  say(page, "identity_text", paper.texts[`identity_${now.level.identity}`]);
  say(page, "sign_in", `C${now.level.sign_in}`);
  say(page, "citizen_text", paper.citizen_texts[now.level.sign_in] ?? "");
  say(page, "level_now", level);
  say(page, "tier_now", now.tier);
  say(page, "saved", "");
  fillItems(slot(page, "reasons"), now.reasons);
}

function showSteps(page, found) {
  const words = paper.mitigation_words;
  say(page, "lowers", found.added.some((one) => one.moves) ? paper.texts.lowers : paper.texts.lowers_none);
  slot(page, "picture").replaceChildren(fragment(picture(paper, found)));
  fillList(slot(page, "steps"), stepsOf(found), (row, one) => {
    const level = document.createElement(one.moves ? "strong" : "span");
    level.textContent = levelText(one.level);
    row.cells[0].textContent = words[one.kind];
    row.cells[1].append(level);
    row.cells[2].textContent = one.tier;
  });
  const held = found.added.filter((one) => one.held_up && !one.moves).map((one) => words[one.kind]);
  const raises = found.removed
    .filter((one) => one.moves)
    .map((one) => fill(paper.texts.raises, { what: words[one.kind], level: levelText(one.level), tier: one.tier }));
  for (const [name, items] of Object.entries({ held, raises })) {
    slot(page, name).hidden = !items.length;
    fillItems(slot(page, name).querySelector("ul"), items);
  }
}

// ---- The file ----

function save() {
  const typed = typedIn();
  const asked = questionnaire(paper, typed);
  if (toldBeforeSigning(typed)) return;
  const file = signedFile(paper, typed, asked);
  if (told(pages.result, typed.wrong, paper.signing)) return;
  const address = URL.createObjectURL(new Blob([file], { type: "application/toml" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "services.toml";
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  say(pages.result, "saved", paper.texts.saved);
}

// ---- What the buttons do ----

function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

function begin() {
  const form = start.querySelector("form");
  let may = true; // the page may work it out; false once it is told that it cannot
  when("in-page");
  if (location.hash) history.replaceState(null, "", location.pathname);
  const coming = getPaper().then(() => {
    onSubmit(formOf(pages.questions, "questions"), toResult);
    onSubmit(formOf(pages.questions, "blank"), startBlank);
    onSubmit(formOf(pages.result, "change"), () => goOn("questions"));
    onSubmit(formOf(pages.result, "sign"), save);
    formOf(pages.questions, "questions").addEventListener("input", () => {
      touched = true;
    });
    waysBack.questions.querySelector("a").addEventListener("click", (event) => {
      event.preventDefault();
      goOn("start");
    });
  });
  form.addEventListener("submit", async (event) => {
    if (!may) return; // told, and pressed again
    event.preventDefault();
    try {
      await coming;
    } catch {
      may = false;
      when("not-loaded");
      return;
    }
    toQuestions();
  });
  coming.catch(() => {}); // told when somebody presses
}

if (start) begin();
