"""Texts in the reader's language: flask-babel's functions, typed. Extraction finds their names."""

import flask_babel


def gettext(text: str, **values: object) -> str:
    """Answer the text in the reader's language, with `%(name)s` filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """Answer the text for a count, which stands in it as `%(num)d`."""
    return str(flask_babel.ngettext(one, many, num, **values))
