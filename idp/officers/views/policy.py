"""The policies at the console: what is in force, a change proposed, seen, signed, rolled back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance import applying, editing
from idp.assurance.applying import Lowered
from idp.assurance.comparing import diff
from idp.assurance.policy import KNOWN_FILES, Policies
from idp.assurance.risk_file import RISK
from idp.assurance.sets import PolicySet, Standing, State, Verdict
from idp.figures.replaying import ON_A_PAGE, replay_journal
from idp.officers import policies, texts
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, console_link, name_of, signed_in
from idp.officers.views.policy_shown import changes_of, lines_of, replay_of
from idp.policy.rules import PolicyProblems, Problem
from idp.storage import Transaction
from idp.web import house, notice, see_other
from idp.words import gettext as _

MOST_PROBLEMS = 20


@bp.get("/console/policies")
def policy_sets() -> ResponseReturnValue:
    """What is in force, what waits, what was."""
    session = signed_in(Act.SEE_POLICY)
    return _sets_page() if isinstance(session, OfficerSession) else session


@bp.get("/console/policies/edit")
def edit_policies() -> ResponseReturnValue:
    """The chosen files as they are in force, to be changed."""
    session = signed_in(Act.PROPOSE_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    now = texts_now()
    chosen = {name: now[name] for name in request.args.getlist("file") if name in now}
    if not chosen:
        return see_other(url_for("console.change_policies"))
    return edit_page(chosen, found=False)


@bp.post("/console/policies/edit")
def look_at_policies() -> ResponseReturnValue:
    """Show what changed files would do; or propose them, when that was the button."""
    session = signed_in(Act.PROPOSE_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    typed = {
        name: request.form[f"file-{name}"].replace("\r\n", "\n")
        for name in KNOWN_FILES
        if f"file-{name}" in request.form
    }
    typed = acknowledged(texts_now(), typed, request.form.get("why", ""))
    starts = request.form.get("starts", "")
    if request.form.get("do") != "propose":
        return edit_page(typed, starts=starts)
    starts_at, base = _moment(starts), house().policies
    if starts_at is None and starts.strip():
        return edit_page(typed, starts=starts, wrong=("starts", texts.moment_bad())), 422
    try:
        prepared = applying.prepare({**texts_now(), **typed}, base, base.today)
    except PolicyProblems:
        return edit_page(typed, starts=starts), 422
    ref = house().database.transaction(
        lambda tx: policies.propose(tx, prepared, base, by=session.officer.ref, starts_at=starts_at)
    )
    if isinstance(ref, Verdict):
        field = "starts" if ref is Verdict.TOO_LATE else f"file-{next(iter(typed), '')}"
        return edit_page(typed, starts=starts, wrong=(field, texts.policy_refused(ref))), 422
    return see_other(url_for("console.policy_set", ref=ref))


@bp.get("/console/policies/sets/<ref>")
def policy_set(ref: str) -> ResponseReturnValue:
    """One set: what it changes, whom it would have stopped, who stands for it."""
    session = signed_in(Act.SEE_POLICY)
    return _set_page(session, ref) if isinstance(session, OfficerSession) else session


@bp.post("/console/policies/sets/<ref>/sign")
def sign_policies(ref: str) -> ResponseReturnValue:
    """Sign another officer's set."""
    session = signed_in(Act.SIGN_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    base = house().policies
    verdict = house().database.transaction(
        lambda tx: policies.sign(tx, ref, base, by=session.officer.ref, way="console")
    )
    return _done(session, ref, verdict)


@bp.post("/console/policies/sets/<ref>/refuse")
def refuse_policies(ref: str) -> ResponseReturnValue:
    """Refuse a set that is not in force yet."""
    session = signed_in(Act.PROPOSE_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    why = " ".join(request.form.get("why", "").split())
    verdict = house().database.transaction(
        lambda tx: policies.refuse(tx, ref, by=session.officer.ref, why=why)
    )
    return _done(session, ref, verdict)


@bp.post("/console/policies/roll-back")
def roll_back_policies() -> ResponseReturnValue:
    """Restore what was in force before. The page names the set, so that nobody ends another."""
    session = signed_in(Act.ROLL_BACK_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    try:
        verdict = policies.roll_back(
            house().database,
            house().settings.policies,
            house().policies.today,
            ref=request.form.get("set", ""),
            by=session.officer.ref,
            why=" ".join(request.form.get("why", "").split()),
        )
    except PolicyProblems as failure:
        said = [str(problem) for problem in failure.problems[:MOST_PROBLEMS]]
        title = _("What was in force before cannot be used now")
        return notice(409, title, said, link=console_link())
    if verdict is not Verdict.DONE:
        return _sets_page(texts.policy_refused(verdict)), 409
    follow()
    return see_other(url_for("console.policy_sets"))


def texts_now() -> dict[str, str]:
    """The files in force."""
    here = house()
    return here.database.read(lambda tx: applying.texts_in_force(tx, here.settings.policies))


def acknowledged(now: Mapping[str, str], changed: dict[str, str], why: str) -> dict[str, str]:
    """Write the reason into risk.toml for all that falls, where one was given."""
    base, why = house().policies, " ".join(why.split())[: applying.LONGEST_WHY]
    if not why:
        return changed
    texts_ = {**now, **changed}
    try:
        applying.prepare(texts_, base, base.today)
    except Lowered as lowered:
        return {**changed, RISK: editing.acknowledge(texts_[RISK], lowered.names, why)}
    except PolicyProblems:
        return changed  # told first; the reason is asked for again
    return changed


def follow() -> None:
    """Have this process look now; the others do within two seconds."""
    if (here := house().policies_in_force) is not None:
        here.look()


def edit_page(
    typed: Mapping[str, str],
    *,
    starts: str = "",
    wrong: tuple[str, str] = ("", ""),
    found: bool = True,
) -> str:
    """The files as typed, with what is wrong in them, else with what they would do."""
    base, now = house().policies, texts_now()
    problems: tuple[Problem, ...] = ()
    seen: dict[str, Any] | None = None
    falls = False
    if found:
        try:
            seen = _seen(base, applying.prepare({**now, **typed}, base, base.today).policies)
        except PolicyProblems as failure:
            problems, falls = failure.problems, isinstance(failure, Lowered)
    return render_template(
        "officers/policy_edit.html",
        action=url_for("console.look_at_policies"),
        files=[{"name": name, "text": text} for name, text in typed.items()],
        lines=[line for name, text in typed.items() for line in lines_of(name, now[name], text)]
        if all(name in now for name in typed)
        else [],
        problems=[str(problem) for problem in problems[:MOST_PROBLEMS]],
        more_problems=max(0, len(problems) - MOST_PROBLEMS),
        seen=seen,
        falls=falls,
        starts=starts,
        field=wrong[0],
        error=wrong[1],
    )


def _seen(old: Policies, new: Policies) -> dict[str, Any]:
    found = replay_journal(house().database, old, new, newest=ON_A_PAGE)
    return {**changes_of(diff(old, new)), **replay_of(found)}


def _sets_page(error: str = "") -> str:
    here = house()

    def work(tx: Transaction) -> tuple[Standing, list[dict[str, Any]]]:
        standing = applying.standing_of(tx)
        return standing, [_facts(tx, one, standing) for one in applying.list_sets(tx)]

    standing, listed = here.database.read(work)
    by = standing.changed_by or ""
    return render_template(
        "officers/policy_sets.html",
        fingerprint=here.policies.fingerprint[:12],
        in_force=standing.in_force,
        restored=standing.restored,
        changed_at=standing.changed_at,
        changed_by=here.database.read(lambda tx: name_of(tx, by)) if by else "",
        can_go_back=standing.in_force is not None and not standing.restored,
        sets=listed,
        change=url_for("console.change_policies"),
        roll_back=url_for("console.roll_back_policies"),
        error=error,
    )


def _set_page(session: OfficerSession, ref: str, error: str = "") -> ResponseReturnValue:
    here, base = house(), house().policies

    def work(tx: Transaction) -> tuple[PolicySet, Standing, dict[str, Any], dict[str, str]] | None:
        one, standing = applying.find_set(tx, ref), applying.standing_of(tx)
        if one is None:
            return None
        return one, standing, _facts(tx, one, standing), applying.files_of(tx, ref)[0]

    read = here.database.read(work)
    if read is None:
        return notice(404, _("There is no such set"), [], link=console_link())
    one, standing, facts, files = read
    waits = one.state(standing.in_force) in (State.PROPOSED, State.SCHEDULED)
    seen, problems, lines = None, [], []
    if waits and one.base_fingerprint == base.fingerprint:
        now = texts_now()
        lines = [x for name in files for x in lines_of(name, now.get(name, ""), files[name])]
        try:
            seen = _seen(base, applying.prepare(files, base, base.today).policies)
        except PolicyProblems as failure:
            problems = [str(problem) for problem in failure.problems[:MOST_PROBLEMS]]
    page = render_template(
        "officers/policy_set.html",
        one=facts,
        waits=waits,
        stale=waits and one.base_fingerprint != base.fingerprint,
        oneself=one.proposed_by == session.officer.ref,
        to_sign=one.state(standing.in_force) is State.PROPOSED,
        acknowledged=dict(one.acknowledged),
        seen=seen,
        problems=problems,
        lines=lines,
        sign=url_for("console.sign_policies", ref=ref),
        refuse=url_for("console.refuse_policies", ref=ref),
        error=error,
    )
    return page, 409 if error else 200


def _done(session: OfficerSession, ref: str, verdict: Verdict) -> ResponseReturnValue:
    if verdict is not Verdict.DONE:
        return _set_page(session, ref, texts.policy_refused(verdict))
    follow()
    return see_other(url_for("console.policy_set", ref=ref))


def _facts(tx: Transaction, one: PolicySet, standing: Standing) -> dict[str, Any]:
    def named(who: str | None) -> str:
        if who in (None, applying.HOUSE):
            return ""
        return _("An operator") if who == "command" else name_of(tx, str(who))

    return {
        "href": url_for("console.policy_set", ref=one.ref),
        "fingerprint": one.fingerprint[:12],
        "state": texts.policy_state(one.state(standing.in_force)),
        "proposed_by": named(one.proposed_by),
        "proposed_at": one.proposed_at,
        "signed_by": named(one.signed_by),
        "starts_at": one.starts_at,
        "in_force_at": one.in_force_at,
        "rolled_back_by": named(one.rolled_back_by),
        "refused_by": named(one.refused_by),
        "why": one.why,
    }


def _moment(text: str) -> datetime | None:
    """Read a start as typed, in UTC: 2030-01-31 06:00. None for nothing and for what is none."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
