"""Group commit: one writer takes every waiting change of every room and commits them together.

A change is answered and announced only after COMMIT. The journal numbers changes; it does not know what they mean.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from parlour.storage.batch import Announcement, Answered, Batches, Change, Pending, Written
from parlour.storage.database import Database
from parlour.storage.dialects import Trouble, diagnose, explain, is_of_driver, is_unavailable
from parlour.wire.errors import Refusal

BATCH_CHANGES: Final = 512
BATCH_BYTES: Final = 1024 * 1024
WAITING_CHANGES: Final = 20_000
"""More than this many waiting changes are refused as `overloaded`: about two seconds of work."""
RETRY_FOR_S: Final = 5.0
RETRY_PAUSE_S: Final = 0.1
RECOVERY_PAUSE_S: Final = 1.0

_log = structlog.get_logger("parlour.journal")

Announce = Callable[[Sequence[Announcement]], None]


class JournalStats:
    """Counters since the start, for /metrics."""

    __slots__ = ("batches", "changes", "commit_seconds", "duplicates", "refused")

    def __init__(self) -> None:
        self.batches = 0
        self.changes = 0
        self.duplicates = 0
        self.refused = 0
        self.commit_seconds = 0.0


class Journal:
    """The only way into a room's log.

    Args:
        database: where the log is.
        announce: called with what each COMMIT made, in the order of every room's log; must not block.
    """

    def __init__(self, database: Database, announce: Announce) -> None:
        self.stats = JournalStats()
        self.is_writable = True
        self._database = database
        self._batches = Batches(database)
        self._announce = announce
        self._waiting: deque[Pending] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many changes are in line."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to take changes."""
        self._task = asyncio.create_task(self._run(), name="journal")

    async def settle(self, timeout_s: float) -> None:
        """Wait until nothing waits, for at most `timeout_s` seconds."""
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            _log.error("journal_did_not_settle", waiting=len(self._waiting))

    async def stop(self, timeout_s: float) -> None:
        """Commit what waits, then stop."""
        await self.settle(timeout_s)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def write(self, change: Change) -> asyncio.Future[Written | None]:
        """Put a change in line.

        Returns:
            A future of its place in the room's log, or of None when its claim found nothing to change.
            It raises `Refusal` (not_found, storage_unavailable, ...): then nothing was acknowledged.
        """
        future: asyncio.Future[Written | None] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= WAITING_CHANGES:
            future.set_exception(Refusal("overloaded", retry_after_s=1))
        elif not self.is_writable:
            future.set_exception(Refusal("storage_unavailable", retry_after_s=RECOVERY_PAUSE_S))
        else:
            self._waiting.append(Pending(change, future))
            self._idle.clear()
            self._wake.set()
        return future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            # One turn of the loop: who has sent something by now is in this batch, and not alone in the next.
            await asyncio.sleep(0)
            batch = self._take_batch()
            if batch and self.is_writable:
                await self._settle(batch)
                continue
            # Who was in line when the store failed does not wait for it to come back: a client tries again by itself.
            self._refuse(batch, Refusal("storage_unavailable", retry_after_s=RECOVERY_PAUSE_S))
            if self._waiting:
                continue
            self._wake.clear()
            self._idle.set()
            if not self.is_writable:
                await self._recover()

    def _take_batch(self) -> list[Pending]:
        """The changes that wait, in order: what gathers while a commit is in flight commits together."""
        batch: list[Pending] = []
        size_bytes = 0
        while self._waiting and len(batch) < BATCH_CHANGES and size_bytes < BATCH_BYTES:
            pending = self._waiting.popleft()
            size_bytes += pending.change.size_bytes
            batch.append(pending)
        return batch

    async def _settle(self, batch: list[Pending]) -> None:
        """Bring every change of the batch to its answer, whatever the database does."""
        clock = asyncio.get_running_loop().time
        give_up_at_s = clock() + RETRY_FOR_S
        look_first = False
        while True:
            started_s = clock()
            try:
                answers = await self._batches.commit(batch, look_first=look_first)
            except Exception as error:  # noqa: BLE001 -- whatever is wrong with one change, the others get their answer
                trouble = diagnose(error)
                # After a conflict or a COMMIT of unknown outcome, some of the batch may be in the log already.
                retry = trouble is Trouble.LOST or (trouble is Trouble.CONFLICT and not look_first)
                if retry and clock() < give_up_at_s:
                    look_first = True
                    if trouble is Trouble.LOST:
                        await asyncio.sleep(RETRY_PAUSE_S)
                    continue
                await self._fail(batch, error)
                return
            self.stats.commit_seconds += clock() - started_s
            self._deliver(answers)
            return

    async def _fail(self, batch: list[Pending], error: Exception) -> None:
        if is_unavailable(error):
            self._turn_read_only(error)
            self._refuse(batch, Refusal("storage_unavailable", retry_after_s=RECOVERY_PAUSE_S))
        elif len(batch) > 1:
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])
        else:
            change = batch[0].change
            # The traceback of a driver's error ends in the row, and so in what was said; that of a bug does not.
            bug = None if is_of_driver(error) else error
            _log.error("change_failed", room=change.room_id, kind=change.kind, error=explain(error), exc_info=bug)
            self._refuse(batch, Refusal("internal"))

    def _deliver(self, answers: Sequence[Answered]) -> None:
        self.stats.batches += 1
        announcements: list[Announcement] = []
        for answer in answers:
            self.stats.changes += sum(made.frame is not None for made in answer.announcements)
            announcements += answer.announcements
            if isinstance(answer.result, Written) and answer.result.is_duplicate:
                self.stats.duplicates += 1
        try:
            self._announce(announcements)
        except Exception:  # noqa: BLE001 -- committed, so the writers are answered whatever the listeners do
            _log.exception("announcing_failed", changes=len(announcements))
        for answer in answers:
            answer.settle()

    def _refuse(self, batch: Sequence[Pending], refusal: Refusal) -> None:
        self.stats.refused += len(batch)
        for pending in batch:
            Answered(pending, refusal).settle()

    def _turn_read_only(self, error: Exception) -> None:
        if self.is_writable:
            _log.error("storage_unavailable", error=explain(error))
        self.is_writable = False
        self._wake.set()

    async def _recover(self) -> None:
        """Try a real write once a second until one is taken: a full disk or a lost server heals by itself."""
        while not self.is_writable:
            await asyncio.sleep(RECOVERY_PAUSE_S)
            with suppress(Exception):
                await self._database.prove_writable()
                self.is_writable = True
        _log.info("storage_recovered")
