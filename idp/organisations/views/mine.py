"""The people whom one member can open, as that member sees them."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.actions import service_names
from idp.delegation import mine as mine_of
from idp.delegation.mine import Mine
from idp.organisations.rules import Role
from idp.organisations.views.common import Here, bp, entered
from idp.organisations.views.people import LONGEST_SEARCH
from idp.storage import Transaction
from idp.web import house


@bp.get("/helping/organisations/<ref>/mine")
def mine(ref: str) -> ResponseReturnValue:
    """One page of them. Who does no work for people there, or may not now, has none."""
    here = entered(ref)
    if not isinstance(here, Here):
        return here
    named = request.args.get("name", "")[:LONGEST_SEARCH]
    after = request.args.get("after", "")[:64]
    it, me = here.organisation, here.me.member
    opens = Role.WORKER in me.roles and it.in_order

    def work(tx: Transaction) -> tuple[list[Mine], str, dict[str, str]]:
        if not opens:
            return [], "", {}
        found, more = mine_of.list_mine(
            tx, ref, me.ref, everyone=it.everyone, named=named, after=after
        )
        return found, more, service_names(tx, [name for one in found for name, _ in one.services])

    found, more, names = house().database.read(work)
    return render_template(
        "organisations/mine.html",
        ref=ref,
        organisation=it.name,
        people=[
            {
                "name": one.name,
                "services": [(names.get(name, name), until) for name, until in one.services],
            }
            for one in found
        ],
        named=named,
        action=url_for("organisations.mine", ref=ref),
        next=url_for("organisations.mine", ref=ref, name=named or None, after=more) if more else "",
        first=url_for("organisations.mine", ref=ref) if after or named else "",
    )
