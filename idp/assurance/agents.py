"""From the text a browser sends about itself to four values, coarse to fine. Never raises.

Only what separates one person's devices is read. The text is the sender's own word: it is never
believed to be true, only compared with what the same account sent before.
"""

import re

from idp.assurance.familiarity import Levels

LONGEST = 512

_SYSTEMS = (
    ("iOS", re.compile(r"(?:iPhone OS|CPU OS) (\d{1,3})")),
    ("Android", re.compile(r"Android (\d{1,3})")),
    ("Windows", re.compile(r"Windows NT (\d{1,3})")),
    ("Windows Phone", re.compile(r"Windows Phone (\d{1,3})")),
    ("Chrome OS", re.compile(r"CrOS \S{1,20} (\d{1,6})")),
    ("macOS", re.compile(r"Mac OS X (\d{1,3})")),
    ("Linux", re.compile(r"Linux()")),
)
# In this order: nearly every browser also names the ones it wants to be taken for.
_BROWSERS = (
    ("Edge", re.compile(r"(?:Edg|EdgA|EdgiOS|Edge)/(\d{1,4})")),
    ("Opera", re.compile(r"(?:OPR|OPT)/(\d{1,4})")),
    ("Samsung", re.compile(r"SamsungBrowser/(\d{1,4})")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/(\d{1,4})")),
    ("Chrome", re.compile(r"(?:Chrome|CriOS|Chromium)/(\d{1,4})")),
    ("Safari", re.compile(r"Version/(\d{1,4})[^ ]{0,20} (?:Mobile/\S{1,20} )?Safari")),
)
_BOT = re.compile(r"bot\b|crawl|spider|curl/|wget/|python|headless", re.IGNORECASE)


def levels(text: str | None) -> Levels:
    """The browser chain of a visit: kind of device, system, browser, the whole text.

    What is not recognised is None. Of a longer text the first 512 characters count.
    """
    if not isinstance(text, str):
        return (None, None, None, None)
    agent = " ".join(text[: LONGEST * 2].split())[:LONGEST]
    if not agent:
        return (None, None, None, None)
    return (_device(agent), _named(agent, _SYSTEMS), _named(agent, _BROWSERS), agent)


def _named(agent: str, known: tuple[tuple[str, re.Pattern[str]], ...]) -> str | None:
    for name, pattern in known:
        if match := pattern.search(agent):
            return f"{name} {match[1]}".strip()
    return None


def _device(agent: str) -> str | None:
    if _BOT.search(agent):
        return "program"
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobile" not in agent):
        return "tablet"
    if "Mobi" in agent or "iPhone" in agent:
        return "phone"
    return "computer" if _named(agent, _SYSTEMS) else None
