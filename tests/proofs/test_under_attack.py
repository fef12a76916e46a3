"""While somebody tries passwords or codes at an account, its owner's passkey still lets them in.

Sixty-four wrong tries arrive together over four worker processes. The count is exact, however
they race; what is shut is the method that was attacked, and nothing else.
"""

import html
import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from idp.accounts.records import AccountRecord
from idp.authentication import sessions
from idp.authentication.actions import code_at, hash_password, set_password
from idp.authentication.records import SessionRecord
from idp.keyring.sealing import digest, random_token
from idp.signin.rules import PASSKEY, PASSWORD
from tests.proofs.conftest import Figures, Place
from tests.rig import wire
from tests.rig.authenticator import Authenticator
from tests.rig.passkeys import give_passkey
from tests.rig.records import rows
from tests.rig.stock import Visitor
from tests.rig.wire import Wire, volley

AT_ONCE = 64
LET_IN = 10  # slips of the finger that cost nothing (authentication/tries.py)
REAL = "the long password of the owner"
OWN_ADDRESS = "203.0.113.7"


def test_wrong_passwords_shut_the_password_and_not_the_passkey(
    on_postgresql: Place, figures: Figures
) -> None:
    place = on_postgresql
    owner, key, wires = an_owner(place)
    name = rows(place.served.house, AccountRecord.sign_in_name,
                where=[AccountRecord.ref == owner.account])[0].sign_in_name  # fmt: skip
    wrong = [
        a_try(place, a_stranger(owner), "password", {"email": name, "password": f"wrong {n}"}, n)
        for n in range(AT_ONCE)
    ]
    outcome = Counter(answer.status for answer in volley(wires, wrong))
    assert outcome == {422: LET_IN, 429: AT_ONCE - LET_IN}
    right = a_try(place, a_stranger(owner), "password", {"email": name, "password": REAL}, 200)
    assert wires[0].ask(right).status == 429, "the password is shut, also to its owner"
    signs_in_with_the_key(place, wires[0], a_stranger(owner), key)
    figures(at_once=AT_ONCE, workers=place.served.workers, let_in=LET_IN, passkey="at once")


def test_wrong_codes_shut_the_code_and_not_the_passkey(on_sqlite: Place, figures: Figures) -> None:
    place = on_sqlite
    owner, key, wires = an_owner(place)
    house = place.served.house
    step = int(house.database.now().timestamp()) // 30
    good = {code_at(owner.seed, step + near) for near in range(-3, 6)}
    bad = next(code for code in ("000000", "111111", *map(str, range(222222, 222232)))
               if code not in good)  # fmt: skip
    browsers = [after_the_password(place, owner) for _ in range(AT_ONCE)]
    wrong = [a_try(place, one, "code", {"code": bad}, n) for n, one in enumerate(browsers)]
    outcome = Counter(answer.status for answer in volley(wires, wrong))
    assert outcome == {422: LET_IN, 429: AT_ONCE - LET_IN}
    right = {"code": code_at(owner.seed, int(house.database.now().timestamp()) // 30)}
    assert wires[0].ask(a_try(place, browsers[0], "code", right, 200)).status == 429
    signs_in_with_the_key(place, wires[0], browsers[0], key)
    signs_in_with_the_key(place, wires[0], a_stranger(owner), key)
    figures(at_once=AT_ONCE, workers=place.served.workers, let_in=LET_IN, passkey="at once")


def an_owner(place: Place) -> tuple[Visitor, Authenticator, list[Wire]]:
    """Somebody with a password, a code and a passkey, and sixteen connections to each worker."""
    house = place.served.house
    (owner,) = place.stock.visitors(1)
    hashed = hash_password(house.gate, REAL)
    house.database.transaction(lambda tx: set_password(tx, house.keyring, owner.account, hashed))
    key = give_passkey(house, owner.account)
    return owner, key, place.served.wires(per_worker=AT_ONCE // place.served.workers)


def a_stranger(owner: Visitor) -> Visitor:
    """A browser in which nobody is signed in."""
    return replace(owner, session="", session_secret=random_token(), browser_secret=random_token())


def after_the_password(place: Place, owner: Visitor) -> Visitor:
    """A browser in which the password was given."""

    def work(tx: Any) -> tuple[str, str]:
        now = tx.now()
        return sessions.start(tx, owner.account, {PASSWORD: int(now.timestamp() * 1000)}, now)

    ref, secret = place.served.house.database.transaction(work)
    return replace(owner, session=ref, session_secret=secret, browser_secret=random_token())


def a_try(place: Place, browser: Visitor, page: str, fields: dict[str, str], number: int) -> bytes:
    """A try on a journey of its own, from an address of its own."""
    path = f"/sign-in/{place.stock.journey_to_code(browser)}/{page}"
    return place.stock.form(path, browser, fields, address=f"198.51.100.{number}")


def signs_in_with_the_key(place: Place, way: Wire, browser: Visitor, key: Authenticator) -> None:
    """Open the page, let the key answer its challenge, send that: one page, no waiting."""
    stock = place.stock
    path = f"/sign-in/{stock.journey_to_code(browser)}/passkey"
    cookies = {"browser": browser.browser_secret, "session": browser.session_secret}
    shown = way.ask(wire.build("GET", path, stock.host, None, {
        "Cookie": "; ".join(f"gatehouse_{name}={value}" for name, value in cookies.items()),
        "X-Forwarded-For": OWN_ADDRESS,
    }))  # fmt: skip
    assert shown.status == 200
    found = re.search(r'data-passkey="([^"]*)"', shown.body.decode())
    assert found
    said = key.get(json.loads(html.unescape(found[1])))
    answer = way.ask(stock.form(path, browser, {"passkey": said}, address=OWN_ADDRESS))
    assert answer.status == 303
    secret = re.search(r"gatehouse_session=([^;]+)", answer.headers["set-cookie"])
    assert secret
    made = select(SessionRecord.proofs, SessionRecord.account_ref).where(
        SessionRecord.secret_digest == digest(secret[1])
    )
    row = place.served.house.database.read(lambda tx: tx.execute(made).one())
    assert row.account_ref == browser.account
    assert PASSKEY in row.proofs
