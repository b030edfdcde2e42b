// One person reading one room: which rows are in the document, whether the newest is in sight, and
// when to ask for older ones. The list draws what stands here and reports scrolling.

import { tick, untrack } from "svelte";
import { latest, shifted, WINDOW_STEP, type RowWindow } from "../core/window";
import type { Room, Row } from "../state/contract";
import { placeIn, returnTo, windowAfter } from "./place";

/** This near to an edge of what is drawn, the next rows are made ready. */
const NEAR_PX = 800;
/** This near to the end counts as being there: a finger is not exact. */
const END_PX = 32;

export class Reading {
  view = $state.raw<RowWindow>({ start: 0, end: 0 });
  /** The newest row is in sight, and new ones stay in sight by themselves. */
  atEnd = $state(true);
  olderFailed = $state(false);

  readonly #room: Room;
  #rows: readonly Row[] = [];
  #scroller: HTMLElement | null = null;
  #lastTop = 0;
  #sendCount: number;

  constructor(room: Room) {
    this.#room = room;
    this.#sendCount = room.sendCount;
  }

  /** Rows came or went. Call before the document changes: what is seen now must be measured first. */
  follow(rows: readonly Row[]): void {
    this.#noticeMovingUp();
    const before = this.#rows;
    this.#rows = rows;
    // Not what the last row is: a letter from an earlier visit, sent now, says nothing of the reader.
    if (this.#room.sendCount !== this.#sendCount) {
      this.#sendCount = this.#room.sendCount;
      this.#room.clearUnreadLine();
      this.atEnd = true;
    }
    this.#show(this.atEnd ? latest(rows.length) : windowAfter(this.view, before, rows));
  }

  /** The list is in the document. Answers how to let go of it. */
  readonly attach = (scroller: HTMLElement): (() => void) => {
    this.#scroller = scroller;
    // Untracked: an attachment that read the state of reading would begin anew with every scroll.
    untrack(() => {
      this.#goToWhereReadingStopped(scroller);
    });
    // The keyboard opens, the composer grows, a picture loads: the end stays in sight.
    const sizes = new ResizeObserver(() => {
      this.#noticeMovingUp();
      if (this.atEnd) this.#scrollToEnd();
    });
    sizes.observe(scroller);
    if (scroller.firstElementChild) sizes.observe(scroller.firstElementChild);
    return () => {
      sizes.disconnect();
      this.#scroller = null;
    };
  };

  readonly scrolled = (): void => {
    const scroller = this.#scroller;
    if (scroller === null) return;
    const below = this.#measureEnd(scroller);
    this.sawWhatIsShown();
    if (scroller.scrollTop < NEAR_PX) this.#reachForOlder();
    else if (below < NEAR_PX && this.view.end < this.#rows.length) this.#shift(WINDOW_STEP);
  };

  /** The end is in sight, on a page that is itself in sight. */
  readonly sawWhatIsShown = (): void => {
    if (this.atEnd && document.visibilityState === "visible") this.#room.markSeen();
  };

  readonly toEnd = (): void => {
    this.atEnd = true;
    this.#show(latest(this.#rows.length));
    this.#scroller?.focus({ preventScroll: true });
  };

  readonly loadOlder = async (): Promise<void> => {
    if (this.#room.loadingOlder) return;
    this.olderFailed = false;
    this.olderFailed = !(await this.#room.loadOlder()).ok;
  };

  #measureEnd(scroller: HTMLElement): number {
    const below = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    this.atEnd = below < END_PX && this.view.end === this.#rows.length;
    this.#lastTop = scroller.scrollTop;
    return below;
  }

  /** The event of a scroll comes a frame later than the scroll; a message in between must not
   * pull the reader back to the end. */
  #noticeMovingUp(): void {
    if (this.#scroller && this.#scroller.scrollTop < this.#lastTop - 1) this.#measureEnd(this.#scroller);
  }

  #reachForOlder(): void {
    if (this.view.start > 0) this.#shift(-WINDOW_STEP);
    else if (this.#room.hasOlder && !this.olderFailed) void this.loadOlder();
  }

  #shift(by: number): void {
    this.#show(shifted(this.view, this.#rows.length, by));
  }

  #show(view: RowWindow): void {
    const place = this.#scroller && !this.atEnd ? placeIn(this.#scroller) : null;
    this.view = view;
    void tick().then(() => {
      if (this.#scroller === null) return;
      if (this.atEnd) this.#scrollToEnd();
      else if (place) returnTo(this.#scroller, place);
      this.sawWhatIsShown();
    });
  }

  #scrollToEnd(): void {
    if (this.#scroller === null) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  #goToWhereReadingStopped(scroller: HTMLElement): void {
    this.#scrollToEnd();
    const line = scroller.querySelector("[data-kind=unread]");
    const above = line ? line.getBoundingClientRect().top - scroller.getBoundingClientRect().top : 0;
    if (above < 0) scroller.scrollTop += above;
    this.scrolled();
  }
}
