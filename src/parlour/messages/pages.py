"""A page of history that one answer can hold. Pure."""

from __future__ import annotations

from parlour.messages.tables import Page


def bounded(page: Page, nearest: int, most_bytes: int) -> Page:
    """The messages of a page around its index `nearest` whose bodies fit into `most_bytes` together; at least one."""
    start = stop = min(max(nearest, 0), max(len(page.rows) - 1, 0))
    left = most_bytes
    # Nearest first, on both sides in turn: what was taken is always one run.
    for index in sorted(range(len(page.rows)), key=lambda index: abs(index - nearest)):
        left -= len(page.rows[index].body.encode())
        if left < 0 and start < stop:
            break
        start, stop = min(start, index), max(stop, index + 1)
    return Page(page.rows[start:stop], page.has_older or start > 0, page.has_newer or stop < len(page.rows))
