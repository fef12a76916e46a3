"""My page, in several files on one blueprint."""

from idp.account.views import agreeing, browsers, held, methods, pages, uses, way_back
from idp.account.views.common import bp

__all__ = ["agreeing", "bp", "browsers", "held", "methods", "pages", "uses", "way_back"]
