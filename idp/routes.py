"""The one table of routes: who may call each, and how (decision 19).

An application whose routes are not all declared here does not start. The table is data for the
front, for the form-token check and for tests; it holds no decision of any room.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from idp.assurance import doors as assurance
from idp.door import Door
from idp.oidc import doors
from idp.oidc.metadata import SCHEMA_PATH

FORM_LIMIT = 65_536
POLICY_LIMIT = 450_000  # all policy files, as a form sends them
CHECK_LIMIT = 16_384
LIST_LIMIT = 1_000_000  # five thousand people on a list, percent-encoded
RESOURCE = frozenset({"resource"})  # RFC 8707 section 2
PARKED_LIMIT = 16_384  # what is parked may be no longer than what an address can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. `path` as Flask writes it; `door` None for a page.

    `who`: anybody, client (authenticates itself), token (a bearer token), journey (the browser
    that began it), account (signed in, at the level policy sets) or sandbox; at the console:
    anybody, officer (signed in with a security key), or the role that may use it. `form_token`:
    a POST carries the token of our own form. `throttle` names what is counted, `audit` the
    journal kinds it writes, `cache` what the answer lets others keep. `json`: the body may also be
    one flat JSON object of strings.
    """

    path: str
    methods: tuple[str, ...]
    who: str
    door: Door | None = None
    form_token: bool = False
    throttle: str = ""
    audit: tuple[str, ...] = ()
    cache: str = "no-store"
    body_limit: int = FORM_LIMIT
    repeatable: frozenset[str] = frozenset()
    json: bool = False


def _door(path: str, door: Door, *methods: str, who: str = "client", **more: object) -> Route:
    return Route(path=path, methods=methods, who=who, door=door, **more)  # type: ignore[arg-type]


def _page(path: str, *methods: str, who: str, **more: object) -> Route:
    return Route(path=path, methods=methods, who=who, **more)  # type: ignore[arg-type]


def _form(path: str, *, who: str, **more: object) -> Route:
    return _page(path, "POST", who=who, form_token=True, **more)


DOORS = (
    _door("/.well-known/openid-configuration", doors.discovery, "GET", who="anybody",
          cache="public, 5 minutes"),
    _door("/.well-known/oauth-authorization-server", doors.discovery, "GET", who="anybody",
          cache="public, 5 minutes"),
    _door("/.well-known/vot", doors.trust, "GET", who="anybody", cache="public, 5 minutes"),
    _door(SCHEMA_PATH, doors.mandate_schema, "GET", who="anybody", cache="public, 5 minutes"),
    _door("/jwks", doors.jwks, "GET", who="anybody", cache="public, 5 minutes"),
    _door("/api/v1/methods", assurance.methods, "GET", who="anybody", cache="public, 5 minutes"),
    _door("/token", doors.token, "POST", repeatable=RESOURCE,
          audit=("tokens-issued", "tokens-refused", "grant-ended", "acting-started")),
    _door("/introspect", doors.introspect, "POST"),
    _door("/api/v1/deferrals", doors.deferral, "POST"),
    _door("/api/v1/mandates/check", doors.check_mandate, "POST", audit=("mandate-checked",),
          body_limit=CHECK_LIMIT, json=True),
    _door("/revoke", doors.revoke, "POST", audit=("grant-ended",)),
    _door("/userinfo", doors.userinfo, "GET", "POST", who="token",
          audit=("claims-read", "userinfo-refused")),
)  # fmt: skip
PAGES = (
    _page("/", "GET", who="anybody"),
    _page("/refused", "GET", who="anybody"),
    _page("/static/<path:filename>", "GET", who="anybody", cache="public, a year, by content"),
    _page("/authorize", "GET", who="anybody", throttle="address", repeatable=RESOURCE,
          audit=("sign-in-started", "sign-in-weighed", "signed-in-to-service", "acting-started",
                 "authorization-refused")),
    _page("/authorize", "POST", who="anybody", body_limit=PARKED_LIMIT, repeatable=RESOURCE),
    _page("/sectors/<sector>", "GET", who="anybody"),
    _page("/end-session", "GET", who="anybody", audit=("signed-out",)),
    _page("/end-session", "POST", who="anybody", audit=("signed-out",), body_limit=PARKED_LIMIT),
    _page("/sign-in/<ref>", "GET", who="journey",
          audit=("sign-in-weighed", "signed-in-to-service")),
    _page("/sign-in/<ref>/password", "GET", who="journey"),
    _form("/sign-in/<ref>/password", who="journey", throttle="account and address",
          audit=("proof-given",)),
    _page("/sign-in/<ref>/ways", "GET", who="journey"),
    _page("/sign-in/<ref>/passkey", "GET", who="journey"),
    _form("/sign-in/<ref>/passkey", who="journey", throttle="address",
          audit=("proof-given", "proof-refused")),
    _page("/sign-in/<ref>/recovery-code", "GET", who="journey"),
    _form("/sign-in/<ref>/recovery-code", who="journey", throttle="account and address",
          audit=("proof-given", "proof-refused", "recovery-code-used")),
    _page("/sign-in/<ref>/code", "GET", who="journey"),
    _form("/sign-in/<ref>/code", who="journey", throttle="account and address",
          audit=("proof-given", "proof-refused")),
    _page("/sign-in/<ref>/email-code", "GET", who="journey"),
    _form("/sign-in/<ref>/email-code", who="journey", throttle="address and name",
          audit=("sign-in-code-asked",)),
    _page("/sign-in/<ref>/email-code/check", "GET", who="journey"),
    _form("/sign-in/<ref>/email-code/check", who="journey", throttle="address and code",
          audit=("proof-given", "proof-refused")),
    _page("/sign-in/<ref>/text-code", "GET", who="journey"),
    _form("/sign-in/<ref>/text-code", who="journey", throttle="address and account",
          audit=("sign-in-code-sent",)),
    _page("/sign-in/<ref>/text-code/check", "GET", who="journey"),
    _form("/sign-in/<ref>/text-code/check", who="journey", throttle="address, code and account",
          audit=("proof-given", "proof-refused")),
    _form("/sign-in/<ref>/back", who="journey", audit=("authorization-refused",)),
    _page("/sign-in/<ref>/who", "GET", who="journey"),
    _form("/sign-in/<ref>/who", who="journey", audit=("acting-refused", "authorization-refused")),
    _form("/sign-in/<ref>/who/again", who="journey"),
    _page("/sign-in/<ref>/others", "GET", who="journey"),
    _form("/sign-in/<ref>/others", who="journey",
          audit=("joint-act-asked", "authorization-refused")),
    _page("/sign-in/<ref>/consent", "GET", who="journey"),
    _form("/sign-in/<ref>/consent", who="journey"),
    _page("/enrol", "GET", who="anybody"),
    _form("/enrol", who="anybody", throttle="address", audit=("enrolment-started",)),
    _page("/enrol/<ref>/email", "GET", who="journey"),
    _form("/enrol/<ref>/email", who="journey", throttle="address, mail address and enrolment",
          audit=("address-code-sent",)),
    _page("/enrol/<ref>/code", "GET", who="journey"),
    _form("/enrol/<ref>/code", who="journey", throttle="address, mail address and code",
          audit=("address-confirmed", "address-code-refused", "address-code-sent")),
    _page("/enrol/<ref>/name", "GET", who="journey"),
    _form("/enrol/<ref>/name", who="journey", throttle="address and enrolment"),
    _page("/enrol/<ref>/password", "GET", who="journey"),
    _form("/enrol/<ref>/password", who="journey", audit=("account-made",)),
    _page("/enrol/next", "GET", who="anybody"),
    _page("/enrol/choose", "GET", who="anybody"),
    _page("/recover", "GET", who="anybody"),
    _form("/recover", who="anybody", throttle="address and name", audit=("reset-asked",)),
    _page("/recover/lost", "GET", who="anybody"),
    _page("/recover/<ref>/code", "GET", who="journey"),
    _form("/recover/<ref>/code", who="journey", throttle="address, name and code",
          audit=("reset-code-right", "reset-code-refused")),
    _page("/recover/<ref>/second", "GET", who="journey"),
    _form("/recover/<ref>/second", who="journey", throttle="account and address",
          audit=("proof-given", "proof-refused", "recovery-code-used")),
    _page("/recover/<ref>/other-ways", "GET", who="journey"),
    _page("/recover/<ref>/password", "GET", who="journey"),
    _form("/recover/<ref>/password", who="journey", audit=("password-reset",)),
    _page("/recover/<ref>/done", "GET", who="journey"),
    _page("/identity", "GET", who="account"),
    _page("/identity/claim", "GET", who="account"),
    _form("/identity/claim", who="account", throttle="address, account and number",
          audit=("claim-matched", "claim-refused", "number-tried", "evidence-held")),
    _page("/identity/not-matched", "GET", who="account"),
    _page("/identity/awaiting-number", "GET", who="account"),
    _page("/identity/contact/<channel>", "GET", who="account"),
    _form("/identity/contact/<channel>", who="account", throttle="address, case and person",
          audit=("contact-code-sent",)),
    _page("/identity/contact/<channel>/code", "GET", who="account"),
    _form("/identity/contact/<channel>/code", who="account", throttle="address, case and code",
          audit=("contact-code-refused", "evidence-held", "evidence-asked", "identity-proved",
                 "way-back-begun")),
    _page("/identity/document", "GET", who="account"),
    _form("/identity/document", who="account", throttle="address and account",
          audit=("evidence-asked",)),
    _page("/identity/fraud", "GET", who="account"),
    _form("/identity/fraud", who="account", throttle="address and account",
          audit=("evidence-asked",)),
    _page("/identity/waiting", "GET", who="account"),
    _page("/identity/counter", "GET", who="account"),
    _page("/identity/way-back", "GET", who="account"),
    _form("/identity/way-back/begin", who="account", audit=("way-back-begun",)),
    _form("/identity/way-back/send", who="account", throttle="address, case and person",
          audit=("contact-code-sent",)),
    _page("/identity/way-back/code", "GET", who="account"),
    _form("/identity/way-back/code", who="account", throttle="address, case and code",
          audit=("contact-code-refused", "way-back-wait-ended")),
    _page("/identity/way-back/take", "GET", who="account"),
    _form("/identity/way-back/take", who="account", audit=("way-back-taken", "signed-out")),
    _page("/way-back/stop/<token>", "GET", who="anybody"),
    _form("/way-back/stop/<token>", who="anybody",
          audit=("way-back-stopped", "way-back-objected", "way-back-taken-back")),
    _page("/methods", "GET", who="anybody"),
    _page("/methods/app", "GET", who="account"),
    _form("/methods/app", who="account", audit=("method-added", "signed-out")),
    _page("/methods/passkey", "GET", who="account"),
    _form("/methods/passkey", who="account", audit=("method-added",)),
    _page("/methods/recovery-codes", "GET", who="account"),
    _form("/methods/recovery-codes", who="account", audit=("method-added",)),
    _page("/methods/password", "GET", who="account"),
    _form("/methods/password", who="account",
          audit=("method-added", "password-changed", "signed-out")),
    _page("/methods/text", "GET", who="account"),
    _form("/methods/text", who="account", throttle="address, account and number",
          audit=("number-code-sent",)),
    _page("/methods/text/check", "GET", who="account"),
    _form("/methods/text/check", who="account", throttle="address and code",
          audit=("method-added", "number-code-refused", "signed-out")),
    _page("/methods/email-code", "GET", who="account"),
    _form("/methods/email-code", who="account", audit=("method-added",)),
    _page("/account", "GET", who="account"),
    _page("/account/way-back", "GET", who="account"),
    _form("/account/way-back", who="account", audit=("way-back-stopped", "way-back-objected")),
    _page("/account/methods", "GET", who="account"),
    _page("/account/methods/<key>/remove", "GET", who="account"),
    _form("/account/methods/<key>/remove", who="account", audit=("method-removed", "signed-out")),
    _page("/account/helpers", "GET", who="account"),
    _page("/account/helpers/new", "GET", who="account"),
    _form("/account/helpers/new", who="account", repeatable=frozenset({"power"})),
    _page("/account/helpers/contact", "GET", who="account"),
    _form("/account/helpers/contact", who="account"),
    _page("/account/helpers/agree/<ref>", "GET", who="account"),
    _form("/account/helpers/agree/<ref>", who="account",
          throttle="address, person and mail address", audit=("mandate-offered",)),
    _page("/account/helpers/offers/<ref>", "GET", who="account"),
    _form("/account/helpers/offers/<ref>/cancel", who="account", audit=("mandate-cancelled",)),
    _page("/account/helpers/asked/<ref>", "GET", who="account"),
    _form("/account/helpers/asked/<ref>", who="account",
          audit=("mandate-accepted", "mandate-refused")),
    _page("/account/saved", "GET", who="account"),
    _page("/account/helpers/<ref>", "GET", who="account"),
    _form("/account/helpers/<ref>/renew", who="account", audit=("mandate-renewed",)),
    _form("/account/helpers/<ref>/end-quietly", who="account", audit=("mandate-ended",)),
    _page("/account/helpers/<ref>/receipt", "GET", who="account"),
    _form("/account/helpers/<ref>/end", who="account", audit=("mandate-ended",)),
    _page("/account/helpers/<ref>/ended", "GET", who="account"),
    _page("/account/activity", "GET", who="account"),
    _page("/account/helpers/<ref>/object/<reference>", "GET", who="account"),
    _form("/account/helpers/<ref>/object/<reference>", who="account", audit=("use-objected",)),
    _page("/account/helping", "GET", who="account"),
    _page("/account/helping/<ref>", "GET", who="account"),
    _page("/helping/organisations/<ref>/agreement", "GET", who="account"),
    _form("/helping/organisations/<ref>/agreement", who="account", audit=("agreement-signed",)),
    _page("/helping/organisations/<ref>/assist", "GET", who="account"),
    _form("/helping/organisations/<ref>/assist", who="account",
          throttle="member, organisation and number", audit=("assist-found", "assist-not-found")),
    _form("/helping/organisations/<ref>/assist/check", who="account",
          repeatable=frozenset({"powers"})),
    _form("/helping/organisations/<ref>/assist/make", who="account", audit=("mandate-given",)),
    _page("/helping/organisations/<ref>/assist/<bundle>/code", "GET", who="account"),
    _form("/helping/organisations/<ref>/assist/<bundle>/code", who="account",
          audit=("mandate-given", "assist-code-refused")),
    _page("/helping/organisations/<ref>/assist/<bundle>/receipt", "GET", who="account"),
    _page("/helping/join/<token>", "GET", who="account"),
    _form("/helping/join/<token>", who="account", audit=("member-joined",)),
    _page("/helping/organisations/<ref>", "GET", who="account"),
    _page("/helping/organisations/<ref>/service-levels", "GET", who="account"),
    _page("/helping/organisations/<ref>/settings", "GET", who="account"),
    _form("/helping/organisations/<ref>/settings", who="account",
          audit=("organisation-settings-changed",)),
    _page("/helping/organisations/<ref>/members", "GET", who="account"),
    _page("/helping/organisations/<ref>/invite", "GET", who="account"),
    _form("/helping/organisations/<ref>/invite", who="account", throttle="organisation",
          audit=("member-invited",), repeatable=frozenset({"role"})),
    _form("/helping/organisations/<ref>/invitations/<invitation>/cancel", who="account",
          audit=("member-invitation-cancelled",)),
    _page("/helping/organisations/<ref>/members/<member>", "GET", who="account"),
    _form("/helping/organisations/<ref>/members/<member>/roles", who="account",
          audit=("member-roles-changed",), repeatable=frozenset({"role"})),
    _form("/helping/organisations/<ref>/members/<member>/suspend", who="account",
          audit=("member-suspended",)),
    _form("/helping/organisations/<ref>/members/<member>/resume", who="account",
          audit=("member-resumed",)),
    _form("/helping/organisations/<ref>/members/<member>/transfer", who="account",
          audit=("people-transferred",)),
    _form("/helping/organisations/<ref>/members/<member>/leave", who="account",
          audit=("member-left",)),
    _page("/helping/organisations/<ref>/teams", "GET", who="account"),
    _form("/helping/organisations/<ref>/teams", who="account", audit=("team-made",)),
    _page("/helping/organisations/<ref>/teams/<team>", "GET", who="account"),
    _form("/helping/organisations/<ref>/teams/<team>/join", who="account",
          audit=("team-joined",)),
    _form("/helping/organisations/<ref>/teams/<team>/leave", who="account",
          audit=("team-left",)),
    _page("/helping/organisations/<ref>/mine", "GET", who="account"),
    _page("/helping/organisations/<ref>/people", "GET", who="account"),
    _page("/helping/organisations/<ref>/people/<mandate>", "GET", who="account"),
    _form("/helping/organisations/<ref>/people/<mandate>", who="account",
          audit=("person-assigned",), repeatable=frozenset({"to"})),
    _page("/helping/organisations/<ref>/people/<mandate>/pass-on", "GET", who="account"),
    _form("/helping/organisations/<ref>/people/<mandate>/pass-on", who="account",
          throttle="member and organisation", audit=("mandate-given",),
          repeatable=frozenset({"power"})),
    _form("/helping/organisations/<ref>/people/<mandate>/take-back", who="account",
          audit=("mandate-ended",)),
    _form("/helping/organisations/<ref>/people/<mandate>/close", who="account",
          audit=("person-unassigned",)),
    _form("/account/helping/<ref>/resign", who="account", audit=("mandate-ended",)),
    _page("/helping/ask", "GET", who="account"),
    _form("/helping/ask", who="account", repeatable=frozenset({"power"})),
    _page("/helping/invitations", "GET", who="account"),
    _page("/helping/invitations/<organisation>", "GET", who="account"),
    _page("/helping/invitations/<organisation>/new", "GET", who="account"),
    _form("/helping/invitations/<organisation>/new", who="account",
          throttle="address, member, organisation and number", audit=("mandate-offered",),
          repeatable=frozenset({"power"})),
    _page("/helping/invitations/<organisation>/asked", "GET", who="account"),
    _page("/helping/invitations/<organisation>/offers/<ref>", "GET", who="account"),
    _page("/helping/invitations/<organisation>/offers/<ref>/letter", "GET", who="account"),
    _form("/helping/invitations/<organisation>/offers/<ref>/chase", who="account"),
    _form("/helping/invitations/<organisation>/offers/<ref>/cancel", who="account",
          audit=("mandate-cancelled",)),
    _form("/helping/invitations/<organisation>/chase", who="account"),
    _page("/helping/invitations/<organisation>/many", "GET", who="account"),
    _form("/helping/invitations/<organisation>/many", who="account", throttle="organisation",
          audit=("mandate-list-taken",), body_limit=LIST_LIMIT,
          repeatable=frozenset({"power"})),
    _page("/helping/invitations/<organisation>/lists/<batch>", "GET", who="account"),
    _page("/invitation", "GET", who="anybody"),
    _form("/invitation", who="anybody", throttle="address"),
    _page("/invitation/<token>", "GET", who="anybody", throttle="address"),
    _page("/invitation/<token>/answer", "GET", who="account", throttle="address"),
    _form("/invitation/<token>/answer", who="account", throttle="address",
          audit=("mandate-accepted", "mandate-refused")),
    _page("/helping/organisations/<ref>/software", "GET", who="account"),
    _form("/helping/organisations/<ref>/software", who="account",
          audit=("machine-mandate-asked",), repeatable=frozenset({"services"})),
    _page("/helping/organisations/<ref>/software/<machine>", "GET", who="account"),
    _form("/helping/organisations/<ref>/software/<machine>/agree", who="account",
          audit=("machine-mandate-agreed",)),
    _form("/helping/organisations/<ref>/software/<machine>/end", who="account",
          audit=("machine-mandate-ended", "signed-out")),
    _page("/account/helping/agree/<ref>", "GET", who="account"),
    _form("/account/helping/agree/<ref>", who="account", audit=("joint-act-signed",)),
    _page("/account/sessions", "GET", who="account"),
    _form("/account/sessions/<ref>/end", who="account", audit=("signed-out",)),
    _form("/account/devices/<ref>/forget", who="account", audit=("device-forgotten",)),
    _page("/account/held", "GET", who="account"),
    _form("/account/held", who="account", audit=("deferral-refused", "signed-out")),
    _page("/account/held/<token>", "GET", who="account"),
    _form("/account/held/<token>", who="account",
          audit=("deferral-released", "deferral-refused", "signed-out")),
    _form("/account/familiarity/erase", who="account", audit=("familiarity-erased",)),
    _form("/account/sessions/end-others", who="account", audit=("signed-out",)),
    _form("/account/sign-out", who="account", audit=("signed-out",)),
    _page("/account/signed-out", "GET", who="anybody"),
    # The questionnaire keeps nothing: no page of it writes a row.
    _page("/questionnaire", "GET", who="anybody"),
    _page("/questionnaire/paper/<language>.json", "GET", who="anybody", cache="public, 5 minutes"),
    _page("/questionnaire/questions", "GET", who="anybody"),
    _form("/questionnaire/questions", who="anybody"),
    _page("/questionnaire/result", "GET", who="anybody"),
    _form("/questionnaire/result", who="anybody"),
    _page("/questionnaire/file", "GET", who="anybody"),
    _form("/questionnaire/file", who="anybody"),
    _page("/questionnaire/published", "GET", who="anybody"),
    _page("/questionnaire/published/explained", "GET", who="anybody"),
    _page("/questionnaire/check", "GET", who="anybody"),
    _form("/questionnaire/check", who="anybody"),
)  # fmt: skip
SANDBOX = (
    _page("/demo/register", "GET", who="sandbox"),
    _form("/demo/register", who="sandbox"),
)
ROUTES = (*DOORS, *PAGES, *SANDBOX)
# The officers' console, on the operators' listener.
CONSOLE = (
    _page("/", "GET", who="anybody"),
    _page("/refused", "GET", who="anybody"),
    _page("/static/<path:filename>", "GET", who="anybody", cache="public, a year, by content"),
    _page("/console", "GET", who="officer"),
    _page("/console/set-up/<token>", "GET", who="anybody"),
    _form("/console/set-up/<token>", who="anybody", throttle="address",
          audit=("officer-key-added", "officer-key-refused")),
    _page("/console/sign-in", "GET", who="anybody"),
    _form("/console/sign-in", who="anybody", throttle="address",
          audit=("officer-signed-in", "officer-sign-in-refused")),
    _form("/console/sign-out", who="officer", audit=("officer-signed-out",)),
    _page("/console/keys", "GET", who="officer"),
    _page("/console/keys/add", "GET", who="officer"),
    _form("/console/keys/add", who="officer", audit=("officer-key-added", "officer-key-refused")),
    _form("/console/keys/remove", who="officer", audit=("officer-key-removed",)),
    _page("/console/counter", "GET", who="counter-officer"),
    _form("/console/counter", who="counter-officer", throttle="officer",
          audit=("officer-looked-up",)),
    _form("/console/counter/visit", who="counter-officer", throttle="officer",
          audit=("officer-looked-up", "visit-entered"), repeatable=frozenset({"check"})),
    _page("/console/counter/entered", "GET", who="counter-officer"),
    _page("/console/visits", "GET", who="counter-officer"),
    _form("/console/visits/<ref>", who="counter-officer", throttle="officer",
          audit=("officer-looked-up",)),
    _form("/console/visits/<ref>/decide", who="counter-officer",
          audit=("visit-confirmed", "visit-refused", "visit-officers-not-apart")),
    _page("/console/held", "GET", who="risk-officer"),
    _page("/console/held/<ref>", "GET", who="risk-officer"),
    _form("/console/held/<ref>", who="risk-officer",
          audit=("deferral-released", "deferral-refused", "signed-out")),
    _page("/console/mandates", "GET", who="mandate-officer"),
    _form("/console/mandates", who="mandate-officer", throttle="officer",
          audit=("officer-saw-permissions",)),
    _page("/console/mandates/<ref>", "GET", who="mandate-officer"),
    _form("/console/mandates/<ref>", who="mandate-officer",
          audit=("mandate-suspended", "mandate-resumed", "mandate-ended")),
    _page("/console/stopped", "GET", who="risk-officer"),
    _form("/console/stopped/<reference>", who="risk-officer", audit=("actor-lifted",)),
    _page("/console/objections", "GET", who="risk-officer"),
    _form("/console/objections/<reference>", who="risk-officer", audit=("objection-answered",)),
    _page("/console/calls", "GET", who="mandate-officer"),
    _form("/console/calls", who="mandate-officer", throttle="officer",
          audit=("officer-looked-up",)),
    _page("/console/calls/<ref>", "GET", who="mandate-officer"),
    _form("/console/calls/<ref>/code", who="mandate-officer",
          throttle="officer, call and person", audit=("spoken-code-sent",)),
    _form("/console/calls/<ref>/code/check", who="mandate-officer",
          throttle="call and code", repeatable=frozenset({"check"}),
          audit=("spoken-code-right", "spoken-code-refused")),
    _page("/console/calls/<ref>/evidence/<kind>", "GET", who="mandate-officer"),
    _form("/console/calls/<ref>/evidence/<kind>", who="mandate-officer",
          repeatable=frozenset({"check"}), audit=("principal-evidence-entered",)),
    _page("/console/calls/<ref>/appoint", "GET", who="mandate-officer"),
    _form("/console/calls/<ref>/appoint", who="mandate-officer", throttle="officer",
          repeatable=frozenset({"power"}), audit=("proposal-made",)),
    _form("/console/calls/<ref>/end", who="mandate-officer", audit=("mandate-ended",)),
    _form("/console/calls/<ref>/lapse", who="mandate-officer", audit=("mandate-ended",)),
    _page("/console/proposals", "GET", who="mandate-officer"),
    _form("/console/proposals/<ref>", who="mandate-officer", throttle="officer",
          audit=("officer-looked-up",)),
    _form("/console/proposals/<ref>/decide", who="mandate-officer",
          audit=("proposal-confirmed", "proposal-refused", "proposal-withdrawn",
                 "proposal-officers-not-apart", "mandate-given")),
    _page("/console/letters", "GET", who="mandate-officer"),
    _form("/console/letters/<ref>", who="mandate-officer", throttle="officer",
          audit=("officer-looked-up",)),
    _form("/console/letters/<ref>/done", who="mandate-officer", audit=("letter-sent",)),
    _page("/console/figures", "GET", who="policy-officer"),
    _page("/console/figures.json", "GET", who="policy-officer"),
    _page("/console/figures/service", "GET", who="policy-officer"),
    _page("/console/policies", "GET", who="policy-officer"),
    _page("/console/policies/change", "GET", who="policy-officer"),
    _page("/console/policies/edit", "GET", who="policy-officer", repeatable=frozenset({"file"})),
    _form("/console/policies/edit", who="policy-officer", audit=("policy-proposed",),
          body_limit=POLICY_LIMIT),
    _page("/console/policies/evidence/<kind>", "GET", who="policy-officer"),
    _form("/console/policies/evidence/<kind>", who="policy-officer"),
    _page("/console/policies/methods/<method>", "GET", who="policy-officer"),
    _form("/console/policies/methods/<method>", who="policy-officer"),
    _page("/console/policies/money", "GET", who="policy-officer"),
    _form("/console/policies/money", who="policy-officer"),
    _page("/console/policies/sets/<ref>", "GET", who="policy-officer"),
    _form("/console/policies/sets/<ref>/sign", who="policy-officer", audit=("policy-signed",)),
    _form("/console/policies/sets/<ref>/refuse", who="policy-officer", audit=("policy-refused",)),
    _form("/console/policies/roll-back", who="policy-officer", audit=("policy-rolled-back",)),
    _page("/console/organisations", "GET", who="organisation-officer"),
    _page("/console/organisations/enter", "GET", who="organisation-officer"),
    _form("/console/organisations/enter", who="organisation-officer",
          audit=("organisation-entered",)),
    _page("/console/organisations/<ref>", "GET", who="organisation-officer",
          audit=("organisation-looked-at",)),
    _form("/console/organisations/<ref>/verify", who="organisation-officer",
          audit=("organisation-verified", "organisation-link-sent",
                 "organisation-officers-not-apart")),
    _form("/console/organisations/<ref>/link", who="organisation-officer",
          audit=("organisation-link-sent",)),
    _page("/console/organisations/<ref>/administrator", "GET", who="organisation-officer"),
    _form("/console/organisations/<ref>/administrator", who="organisation-officer",
          audit=("proposal-made",)),
    _form("/console/organisations/<ref>/administrator/<proposal>", who="organisation-officer"),
    _form("/console/organisations/<ref>/administrator/<proposal>/decide",
          who="organisation-officer",
          audit=("proposal-confirmed", "proposal-refused", "proposal-withdrawn",
                 "proposal-officers-not-apart", "organisation-admin-named")),
    _form("/console/organisations/<ref>/suspend", who="organisation-officer",
          audit=("organisation-suspended",)),
    _form("/console/organisations/<ref>/resume", who="organisation-officer",
          audit=("organisation-resumed",)),
    _form("/console/organisations/<ref>/close", who="organisation-officer",
          audit=("organisation-closed",)),
    _page("/console/officers", "GET", who="administrator"),
    _form("/console/officers", who="administrator", audit=("officer-added",),
          repeatable=frozenset({"role"})),
    _page("/console/officers/<ref>", "GET", who="administrator"),
    _form("/console/officers/<ref>/roles", who="administrator",
          audit=("officer-roles-changed",), repeatable=frozenset({"role"})),
    _form("/console/officers/<ref>/new-key", who="administrator", audit=("officer-invited",)),
    _form("/console/officers/<ref>/disable", who="administrator", audit=("officer-disabled",)),
)  # fmt: skip


class Table:
    """The routes of one listener, made ready to find a request's in."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self.routes = routes

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], Route], ...]:
        found = []
        for route in self.routes:
            parts = re.split(r"<(?:path:)?\w+>", route.path)
            holes = re.findall(r"<(path:)?\w+>", route.path)
            text = re.escape(parts[0])
            for hole, part in zip(holes, parts[1:], strict=True):
                # A reference is base64url; a file's name is looked up among those there are.
                text += (".+" if hole else "[A-Za-z0-9_-]+") + re.escape(part)
            found.append((re.compile(text), route))
        return tuple(found)

    def match(self, method: str, path: str) -> Route | None:
        """Find the declared route of a request, or None: Flask then answers 404 or 405.

        Flask serves an address with a slash at its end as the one without, so it is found as
        that.
        """
        asked = "GET" if method == "HEAD" else method
        if path.endswith("/") and path != "/":
            path = path[:-1]
        for pattern, route in self._patterns:
            if asked in route.methods and pattern.fullmatch(path):
                return route
        return None

    def methods_of(self, path: str) -> list[str]:
        """List the methods declared for an address; none for one that is not ours."""
        return [method for method in ("GET", "POST") if self.match(method, path)]


PUBLIC_TABLE = Table(ROUTES)
CONSOLE_TABLE = Table(CONSOLE)
match = PUBLIC_TABLE.match
methods_of = PUBLIC_TABLE.methods_of


def undeclared(rules: list[tuple[str, frozenset[str]]], *, sandbox: bool) -> list[str]:
    """List what Flask would serve and the table does not declare, and the other way round."""
    return differences(rules, (*PAGES, *(SANDBOX if sandbox else ())))


def differences(rules: list[tuple[str, frozenset[str]]], routes: tuple[Route, ...]) -> list[str]:
    """List what Flask would serve and `routes` do not declare, and the other way round."""
    table = {(method, route.path) for route in routes for method in route.methods}
    served = {(method, path) for path, methods in rules for method in methods - {"HEAD", "OPTIONS"}}
    missing = [f"{method} {path}: served but not declared" for method, path in served - table]
    extra = [f"{method} {path}: declared but not served" for method, path in table - served]
    return sorted(missing + extra)
