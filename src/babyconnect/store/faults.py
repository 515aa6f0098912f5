"""What every store raises when it cannot go on; which engine it was is not the caller's business."""


class StoreFault(Exception):
    """The store could not do what it must; nothing was half done."""
