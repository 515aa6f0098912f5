"""What a record becomes: the view of the screen (domain §5)."""

from babyconnect.delivery.build import build_view

__all__ = ["build_view"]
