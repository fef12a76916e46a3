"""What somebody may know a browser of theirs by: "Firefox on Linux". Pure.

Read from the user agent, which says what it likes: good for a list of one's own, never for a
decision. Only words from the lists below leave this module, so nothing of it needs escaping.
"""

# The first that is named counts: browsers name the ones they are made from as well.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
LONGEST_READ_CHARACTERS = 512


def device_words(user_agent: str) -> str:
    """Answer "BROWSER on SYSTEM", one of the two where only that is known, or "".

    An iPad that asks for the desktop's pages says it is a Mac; nobody can tell.
    """
    said = user_agent[:LONGEST_READ_CHARACTERS]
    browser = next((name for mark, name in BROWSERS if mark in said), "")
    system = next((name for mark, name in SYSTEMS if mark in said), "")
    return " on ".join(part for part in (browser, system) if part)
