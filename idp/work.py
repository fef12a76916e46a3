"""The worker: what happens after the commit. Seal, deliver, clear away."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from idp.authentication import sent_codes
from idp.authentication.ending import LOGOUT_MESSAGE
from idp.authentication.records import (
    PasskeyChallengeRecord,
    RememberedDeviceRecord,
    SignInCodeRecord,
)
from idp.callers import service_levels
from idp.callers.records import SpentAssertionRecord
from idp.delegation import ending, known, lists
from idp.delegation.ceasing import business_ceased
from idp.delegation.reminding import remind_all
from idp.delegation.watching import forget_opened
from idp.enrolment import recovering
from idp.enrolment.records import AddressCodeRecord, EnrolmentRecord, ResetRecord
from idp.figures.actions import keep_fresh
from idp.house import House
from idp.journal.sealer import seal
from idp.logs import set_up_logs
from idp.notices import delivery
from idp.officers.records import OfficerCallRecord, OfficerChallengeRecord
from idp.oidc.logout import deliver as deliver_logout
from idp.oidc.records import DisclosureRecord
from idp.outbox.actions import deliver
from idp.outbox.records import OutboxRecord
from idp.proofing import checking
from idp.proofing.cases import lapse_silent
from idp.proofing.evidence import give_up_late
from idp.proofing.forgetting import forget_closed
from idp.proofing.records import ContactCodeRecord
from idp.register.businesses import CEASED
from idp.register.deaths import DIED
from idp.signin.records import ParkedRequestRecord
from idp.storage import Database, db_now
from idp.throttle.actions import purge

log = logging.getLogger("idp.work")

EVERY_SECONDS = 0.3
CLEAR_EVERY_SECONDS = 60.0
FORGET_EVERY_SECONDS = 3600.0  # closed cases are found by looking through all of them
FIGURES_EVERY_SECONDS = 60.0  # how often it is asked whether the review is due
AT_A_TIME = 500
# Outside checkers are asked beside everything else: a slow one holds up no code and no notice.
CHECKS_AT_ONCE = 3
# Rows that mean nothing once they have run out. Codes, journeys and grants are kept with the
# journal that names them until retention is decided.
SHORT_LIVED: tuple[Any, ...] = (
    OfficerChallengeRecord,
    OfficerCallRecord,
    PasskeyChallengeRecord,
    SpentAssertionRecord,
    DisclosureRecord,
    ParkedRequestRecord,
    # In this order: a code goes before the enrolment that it names.
    AddressCodeRecord,
    EnrolmentRecord,
    ResetRecord,
    ContactCodeRecord,
    SignInCodeRecord,
    RememberedDeviceRecord,
    OutboxRecord,  # what has run out is over: `deliver` marks it before it looks for more
)


def run(house: House) -> None:
    """Work until SIGTERM or SIGINT. A failure is logged and tried again: nothing is lost by it,
    since all there is to do stands in the database."""
    set_up_logs()
    stopping: list[bool] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    cleared = forgotten = 0.0
    todo = handlers(house)  # once: the mail server's connection is kept between messages
    if not house.settings.smtp_host:
        log.warning("no mail server is set (IDP_SMTP_HOST): codes and notices are not sent")
    # Beside everything else: a long journal takes minutes to read, and nobody waits for it.
    threading.Thread(target=_keep_figures, args=(house, stopping), daemon=True).start()
    for _ in range(CHECKS_AT_ONCE if house.checkers.kinds else 0):
        # Daemons: a check that is under way when we stop is asked again, by whoever works next.
        threading.Thread(target=_keep_checking, args=(house, stopping), daemon=True).start()
    while not stopping:
        _try("seal", lambda: seal_now(house))
        _try("deliver", lambda: deliver(house.database, todo))
        if time.monotonic() - cleared > CLEAR_EVERY_SECONDS:
            _try("clear", lambda: clear(house.database))
            cleared = time.monotonic()
        if time.monotonic() - forgotten > FORGET_EVERY_SECONDS:
            _try("forget", lambda: forget(house.database))
            _try("forget levels", lambda: house.database.transaction(service_levels.forget))
            _try("remind", lambda: remind_all(house.database, house.keyring))
            forgotten = time.monotonic()
        time.sleep(EVERY_SECONDS)


def seal_now(house: House) -> int:
    """Append what was committed since to the Merkle log."""
    return seal(
        house.database, house.keyring, house.settings.checkpoint_file, house.settings.issuer
    )


def handlers(house: House) -> Mapping[str, Callable[[dict[str, Any]], None]]:
    """What delivers each kind of message."""

    def logout(payload: dict[str, Any]) -> None:
        now = int(house.database.clock.now().timestamp())
        deliver_logout(house.services, house.egress, payload, now=now)

    def reset(payload: dict[str, Any]) -> None:
        recovering.send_reset_code(house.database, house.keyring, payload)

    def sign_in_code(payload: dict[str, Any]) -> None:
        sent_codes.send_email_code(house.database, house.keyring, payload)

    def asked(payload: dict[str, Any]) -> None:
        known.tell_asked(house.database, house.keyring, payload)

    def listed(payload: dict[str, Any]) -> None:
        lists.work_list(house.database, house.keyring, payload)

    def ceased(payload: dict[str, Any]) -> None:
        house.database.transaction(lambda tx: business_ceased(tx, payload["business"]))

    def died(payload: dict[str, Any]) -> None:
        house.database.transaction(lambda tx: ending.person_died(tx, payload["person"]))

    clock = house.database.clock
    notices = delivery.handlers(house.settings, house.keyring, clock.now)
    return {
        CEASED: ceased, DIED: died, LOGOUT_MESSAGE: logout, recovering.ASKED: reset,
        sent_codes.ASKED: sign_in_code, known.ASKED: asked, lists.LISTED: listed, **notices,
    }  # fmt: skip


def ask_checkers(house: House) -> int:
    """Ask the outside checkers what is due, each once; answer how many checks are done."""
    tools = checking.Tools(
        issuer=house.settings.issuer,
        database=house.database,
        keyring=house.keyring,
        policies=house.policies,
        checkers=house.checkers,
        egress=house.egress,
        keys=house.client_keys,
    )
    return deliver(
        house.database, {checking.MESSAGE: lambda payload: checking.check(tools, payload)}
    )


def _keep_checking(house: House, stopping: Sequence[bool]) -> None:
    while not stopping:
        _try("check", lambda: ask_checkers(house))
        time.sleep(EVERY_SECONDS)


def _keep_figures(house: House, stopping: Sequence[bool]) -> None:
    looked = -FIGURES_EVERY_SECONDS
    while not stopping:
        if time.monotonic() - looked > FIGURES_EVERY_SECONDS:
            _try("figures", lambda: keep_fresh(house.database, house.policies))
            looked = time.monotonic()
        time.sleep(EVERY_SECONDS)


def clear(database: Database) -> int:
    """Delete rows that have run out, 500 at a time (decision 7)."""
    done = 0
    for table in SHORT_LIVED:
        key = next(iter(table.__table__.primary_key))
        old = select(key).where(table.expires_at < db_now()).limit(AT_A_TIME)
        if table is OutboxRecord:
            old = old.where(OutboxRecord.done_at.is_not(None))
        while True:
            count = database.transaction(
                lambda tx, table=table, key=key, old=old: (
                    tx.execute(  # type: ignore[misc]
                        delete(table).where(key.in_(old.scalar_subquery()))
                    ).rowcount
                )
            )
            done += count
            if count < AT_A_TIME:
                break
    while count := database.transaction(forget_opened):
        done += count
    done += database.transaction(give_up_late)
    done += database.transaction(lapse_silent)
    return done + database.transaction(purge)


def forget(database: Database) -> int:
    """Forget closed cases whose time is over, 500 at a time."""
    done = 0
    while count := database.transaction(forget_closed):
        done += count
    return done


def _try(what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:
        log.exception("%s failed; it is tried again", what)
