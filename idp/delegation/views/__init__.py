"""Pages of those who act for others, and of those they act for."""

from idp.delegation.views import agreement, assist, software
from idp.delegation.views.common import bp

__all__ = ["agreement", "assist", "bp", "software"]
