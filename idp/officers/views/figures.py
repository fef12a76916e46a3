"""The review of services at the console: all of them, and each on a page of its own."""

import json

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.figures import actions as figures
from idp.figures import texts
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, console_link, signed_in
from idp.web import house, notice
from idp.words import gettext as _


@bp.get("/console/figures")
def figures_of_all() -> ResponseReturnValue:
    """What every service asks, how people fare there, and what asking too much costs them."""
    session = signed_in(Act.SEE_FIGURES)
    if not isinstance(session, OfficerSession):
        return session
    review = figures.newest(house().database)
    if review is None:
        said = [_("They are worked out within a minute of the start, and then every hour.")]
        return notice(200, _("There are no figures yet"), said, link=console_link())
    return render_template(
        "figures/page.html",
        title=_("Review of services"),
        caption="",
        about=texts.about(review),
        back=url_for("console.home"),
        back_text=_("Console"),
        data=url_for("console.figures_as_data"),
        all=texts.league(review, lambda ref: url_for("console.figures_of_one", id=ref)),
    )


@bp.get("/console/figures/service")
def figures_of_one() -> ResponseReturnValue:
    """The same for one service."""
    session = signed_in(Act.SEE_FIGURES)
    if not isinstance(session, OfficerSession):
        return session
    client_id = request.args.get("id", "")
    review = figures.newest(house().database) or {"services": []}
    one = next((one for one in review["services"] if one["client_id"] == client_id), None)
    if one is None:
        said = [_("It has had fewer than 10 requests in four weeks, or is not known here.")]
        return notice(200, _("There are no figures of this service"), said, link=console_link())
    return render_template(
        "figures/page.html",
        title=one["name"],
        caption=one["owner"],
        about=texts.about(review),
        back=url_for("console.figures_of_all"),
        back_text=_("Review of services"),
        data="",
        all=texts.service_sections(one),
    )


@bp.get("/console/figures.json")
def figures_as_data() -> ResponseReturnValue:
    """The figures for a program, each with its definition."""
    session = signed_in(Act.SEE_FIGURES)
    if not isinstance(session, OfficerSession):
        return session
    review = figures.newest(house().database) or {"made_at": None}
    answer = json.dumps({**review, "definitions": texts.definitions()}, ensure_ascii=False)
    return Response(answer, mimetype="application/json", headers={"Cache-Control": "no-store"})
