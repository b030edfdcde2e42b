"""What every visitor is given: the verbs that a socket may call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parlour.accounts.actions import Accounts
from parlour.accounts.limits import Limits
from parlour.live.admission import Admission
from parlour.live.hub import Hub
from parlour.messages.actions import Messages
from parlour.messages.snapshots import Snapshots
from parlour.presence.actions import Presence
from parlour.rooms.actions import Rooms


@dataclass(frozen=True, slots=True)
class Services:
    """The verbs that a socket may call."""

    accounts: Accounts
    rooms: Rooms
    messages: Messages
    snapshots: Snapshots
    presence: Presence
    hub: Hub
    admission: Admission
    limits: Limits
    now_ms: Callable[[], int]
