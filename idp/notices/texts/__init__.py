"""The words of each notice: short, plain, in the reader's language. No driver, no database.

A notice says what happened, names the account, and says what to do if it was not you. It never
holds a National Insurance number or the name of a person: it may be read by whoever reads the
address now. Only who may act for the reader is named to them: it is what they have to know.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from babel.dates import format_date, format_datetime, get_timezone
from babel.support import Translations

from idp.notices.rules import Notice
from idp.notices.texts import accounts, appointed, codes, held, helpers, organisations
from idp.notices.texts.told import Gettext, Told, Words, Writer

__all__ = ["Words", "words_of"]

TRANSLATIONS = Path(__file__).parents[2] / "pages" / "translations"
ZONE = get_timezone("Europe/London")
LONGEST_VALUE = 320  # characters; no address is longer (RFC 3696 erratum 1690)
_WRITERS: Mapping[Notice, Writer] = {
    **codes.WRITERS,
    **accounts.WRITERS,
    **organisations.WRITERS,
    **helpers.WRITERS,
    **appointed.WRITERS,
    **held.WRITERS,
}


def words_of(notice: Notice, values: Mapping[str, str], *, locale: str, issuer: str) -> Words:
    """Write a notice. Every link in it begins with `issuer`; `values` are shown as plain text."""
    _ = Translations.load(str(TRANSLATIONS), [locale]).gettext
    shown = {name: _plain(value) for name, value in values.items()}
    told = Told(
        account=shown.get("account", ""),
        code=shown.get("code", ""),
        contact=shown.get("contact", ""),
        minutes=shown.get("minutes", ""),
        method=_method_name(_, shown.get("method", "")),
        when=_moment(shown["when"], locale) if "when" in shown else "",
        link=issuer + shown.get("link", "/"),
        organisation=shown.get("organisation", ""),
        home=f"{issuer}/account",
        helper=shown.get("helper", ""),
        services=shown.get("services", ""),
        until=_day(shown["until"], locale) if shown.get("until") else "",
        reference=shown.get("reference", ""),
    )
    return _WRITERS[notice](_, told)


def _plain(value: str) -> str:
    """Keep what can be read; a line break or a mark that turns text around becomes a space."""
    marks = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    kept = (" " if unicodedata.category(letter) in marks else letter for letter in value)
    return "".join(kept)[:LONGEST_VALUE]


def _moment(iso: str, locale: str) -> str:
    return format_datetime(
        datetime.fromisoformat(iso), "d MMMM yyyy, HH:mm", tzinfo=ZONE, locale=locale
    )


def _day(iso: str, locale: str) -> str:
    return format_date(date.fromisoformat(iso), "d MMMM yyyy", locale=locale)


def _method_name(_: Gettext, method: str) -> str:
    return {
        "password": _("password"),
        "one-time-code": _("codes from an app"),
        "passkey": _("passkey"),
        "security-key": _("security key"),
        "sms-code": _("codes by text message"),
        "email-code": _("codes by email"),
        "recovery-code": _("recovery codes"),
    }.get(method, method)
