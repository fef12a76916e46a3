"""What each page of an organisation is shown with in tests."""

from datetime import UTC, date, datetime
from types import SimpleNamespace as Facts
from typing import Any

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
SUMMER = date(2030, 8, 31)
AT = "/helping/organisations/o-1"
ROLES = {"worker": "Worker: does things for people", "admin": "Administrator: asks people to join"}
KEYS = ["To show us once who they are", "A passkey or a security key"]
ANYBODY = ["Nothing more than anybody"]
PEOPLE = [("m-2", "Ben Owen"), ("m-3", "Cai Rees")]
HOME: dict[str, Any] = {
    "ref": "o-1", "name": "Example & Co", "kind": "Firm", "roles": "Worker, Administrator",
    "stops_at": None, "stopped": False, "reason": None, "closed": False, "members": 3,
    "people": "40 people", "mine": "12 people", "worker": True, "demands": KEYS,
    "too_small": False, "everyone": False, "admin": True, "assigner": True, "alone": False,
    "nobody": False, "assists": True,
}  # fmt: skip
MEMBER: dict[str, Any] = {
    "ref": "o-1", "organisation": "Example & Co", "name": "Ben Owen", "email": "b•••@e•••.test",
    "role_list": "Worker", "since": NOON, "stopped": False, "oneself": False,
    "teams": ["North", "South"], "reach": "12 people", "limit": 30, "demands": KEYS,
    "limit_demands": KEYS, "too_small": False, "roles": ROLES, "held": ["worker"], "change": True,
    "remove": True, "others": PEOPLE, "roles_action": f"{AT}/members/m-2/roles",
    "suspend_action": f"{AT}/members/m-2/suspend", "resume_action": "",
    "transfer_action": f"{AT}/members/m-2/transfer", "leave_action": f"{AT}/members/m-2/leave",
}  # fmt: skip
INVITE: dict[str, Any] = {
    "ref": "o-1", "organisation": "Example & Co", "action": f"{AT}/invite", "name": "",
    "email": "", "chosen": ["worker"], "roles": ROLES, "error": "", "field": "",
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "ref": "o-1", "name": "Example & Co", "access": "assigned", "can_open": True, "limit": "30",
    "demands": KEYS, "people_limit": 30, "action": f"{AT}/settings", "error": "", "field": "",
}  # fmt: skip
PERSON: dict[str, Any] = {
    "error": "",
    "ref": "o-1", "organisation": "Example & Co", "name": "Margaret Hughes",
    "mandates": [
        Facts(service="Library", until=SUMMER, over=False, stopped=False, ref="a-1",
              through="Shah Accounts", passed=[], pass_on="", says=["pay fines"]),
        Facts(service="Tax", until=None, over=False, stopped=False, ref="a-2", through=None,
              passed=[Facts(ref="a-7", name="Payroll Ltd", until=NOON),
                      Facts(ref="a-8", name="Books & Co", until=None)],
              pass_on=f"{AT}/people/a-2/pass-on"),
        Facts(service="Pension", until=None, over=False, stopped=True),
        Facts(service="Vans", until=None, over=False, stopped=True,
              hold=Facts(at=NOON, reference="K7QF-2MXB")),
        Facts(service="Car tax", until=NOON, over=True, stopped=False),
    ],
    "everyone": False, "open_to": [Facts(ref="t-1", name="North", is_team=True),
                                   Facts(ref="m-2", name="Ben Owen", is_team=False)],
    "choices": PEOPLE, "partly_open": True, "closes": True, "assigns": True,
    "assign_action": f"{AT}/people/a-1", "close_action": f"{AT}/people/a-1/close",
    "back_action": f"{AT}/people/a-1/take-back",
}  # fmt: skip
LISTED: dict[str, Any] = {
    "ref": "o-1", "organisation": "Example & Co", "people": [
        Facts(name="Margaret Hughes", href=f"{AT}/people/a-1", services=["Library", "Tax"],
              closed=True),
        Facts(name="Tom Barker", href=f"{AT}/people/a-2", services=["Tax"], closed=False),
    ],
    "named": "", "action": f"{AT}/people", "next": f"{AT}/people?after=a-2", "first": "",
}  # fmt: skip
LEVELS: dict[str, Any] = {
    "ref": "o-1", "organisation": "Example & Co", "windows": ["Today", "7 days", "30 days"],
    "services": [Facts(name="Car tax", promised="500 milliseconds", lines=[
        ("Answers", ["3", "12", "40"]), ("Half came within", ["–", "10 milliseconds",
                                                                "20 milliseconds"]),
    ])],
}  # fmt: skip
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "organisation": ("organisations/home.html", HOME),
    "service-levels": ("organisations/service_levels.html", LEVELS),
    "service-levels-none": ("organisations/service_levels.html", {
        **LEVELS, "windows": [], "services": []}),
    "organisation-alone": ("organisations/home.html", {
        **HOME, "alone": True, "nobody": True, "members": 1, "everyone": True, "people": "",
        "too_small": True, "demands": ANYBODY}),
    "organisation-notice": ("organisations/home.html", {
        **HOME, "stops_at": NOON, "reason": "Papers are missing", "admin": False,
        "assigner": False, "people": ""}),
    "organisation-stopped": ("organisations/home.html", {
        **HOME, "stopped": True, "reason": "Papers are missing", "worker": False, "mine": "",
        "demands": []}),
    "organisation-closed": ("organisations/home.html", {**HOME, "closed": True}),
    "organisation-settings": ("organisations/settings.html", SETTINGS),
    "organisation-settings-wrong": ("organisations/settings.html", {
        **SETTINGS, "can_open": False, "people_limit": None, "demands": [], "limit": "many",
        "error": "Type in a number", "field": "limit"}),
    "organisation-join": ("organisations/join.html", {
        "organisation": "Example & Co", "name": "Ben Owen", "email": "ben@example.test",
        "roles": list(ROLES.values()), "until": NOON, "action": "/helping/join/a-token"}),
    "organisation-members": ("organisations/members.html", {
        "ref": "o-1", "name": "Example & Co", "invite": f"{AT}/invite",
        "members": [
            Facts(name="Asha Patel", href=f"{AT}/members/m-1", roles="Administrator",
                  stopped=False),
            Facts(name="Ben Owen", href=f"{AT}/members/m-2", roles="Worker", stopped=True),
        ],
        "next": f"{AT}/members?after=m-2",
        "waiting": [Facts(name="Cai Rees", email="cai@example.test", roles="Worker", until=NOON,
                          cancel=f"{AT}/invitations/i-1/cancel")]}),
    "organisation-members-plain": ("organisations/members.html", {
        "ref": "o-1", "name": "Example & Co", "invite": "", "members": [], "next": "",
        "waiting": []}),
    "organisation-invite": ("organisations/invite.html", INVITE),
    "organisation-invite-wrong": ("organisations/invite.html", {
        **INVITE, "error": "Choose at least one role", "field": "role", "chosen": []}),
    "organisation-member": ("organisations/member.html", MEMBER),
    "organisation-member-too-fast": ("organisations/member.html", {
        **MEMBER, "too_fast": Facts(frozen_at=NOON, reference="K7QF-2MXB")}),
    "organisation-member-stopped": ("organisations/member.html", {
        **MEMBER, "stopped": True, "teams": [], "others": [], "limit": None, "too_small": True,
        "demands": ANYBODY, "limit_demands": [], "suspend_action": "", "transfer_action": "",
        "resume_action": f"{AT}/members/m-2/resume"}),
    "organisation-member-oneself": ("organisations/member.html", {
        **MEMBER, "oneself": True, "change": False, "others": [], "email": "", "roles": {},
        "held": [], "roles_action": "", "suspend_action": "", "transfer_action": ""}),
    "organisation-teams": ("organisations/teams.html", {
        "ref": "o-1", "organisation": "Example & Co", "action": f"{AT}/teams", "name": "",
        "teams": [Facts(name="North", href=f"{AT}/teams/t-1", members=3)], "error": "",
        "field": "name"}),
    "organisation-teams-none": ("organisations/teams.html", {
        "ref": "o-1", "organisation": "Example & Co", "action": f"{AT}/teams", "name": "North",
        "teams": [], "error": "There is a team with this name", "field": "name"}),
    "organisation-team": ("organisations/team.html", {
        "ref": "o-1", "organisation": "Example & Co", "name": "North", "members": PEOPLE[:1],
        "others": PEOPLE[1:], "changes": True, "join_action": f"{AT}/teams/t-1/join",
        "quit_action": f"{AT}/teams/t-1/leave"}),
    "organisation-people": ("organisations/people.html", LISTED),
    "organisation-people-none": ("organisations/people.html", {
        **LISTED, "people": [], "named": "Hu", "next": "", "first": f"{AT}/people"}),
    "organisation-mine": ("organisations/mine.html", {
        **LISTED, "action": f"{AT}/mine", "next": f"{AT}/mine?after=a-2", "people": [
            Facts(name="Margaret Hughes", services=[("Library", NOON), ("Tax", None)])]}),
    "organisation-mine-none": ("organisations/mine.html", {
        **LISTED, "people": [], "named": "", "next": "", "first": ""}),
    "organisation-person": ("organisations/person.html", PERSON),
    "organisation-person-wrong": ("organisations/person.html", {
        **PERSON, "error": "Choose somebody first."}),
    "organisation-person-everyone": ("organisations/person.html", {
        **PERSON, "everyone": True, "choices": [], "partly_open": False, "assigns": False,
        "open_to": [], "assign_action": "", "close_action": ""}),
    "organisation-person-closed": ("organisations/person.html", {
        **PERSON, "open_to": [], "partly_open": False, "close_action": ""}),
}  # fmt: skip
