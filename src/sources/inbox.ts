/** A bounded hand-off from what pushes to what pulls. */
export interface Inbox<T> {
  /** Takes an item, unless the inbox is closed. */
  push(item: T): void;
  /** Waits for items and takes up to `max` of them; empty when the inbox was closed and holds nothing more. */
  take(max: number): Promise<readonly T[]>;
  close(): void;
  isHigh(): boolean;
}

export interface InboxSettings {
  /** At so many items `onHigh` asks the pusher to stop. What was on its way is still taken, so leave headroom. */
  readonly highMark: number;
  /** Down at so many items `onLow` lets it go on. */
  readonly lowMark: number;
  readonly onHigh: () => void;
  readonly onLow: () => void;
}

export function createInbox<T>(settings: InboxSettings): Inbox<T> {
  let items: T[] = [];
  let isHigh = false;
  let isClosed = false;
  let wake: () => void = () => undefined;
  return {
    push(item) {
      if (isClosed) return;
      items.push(item);
      wake();
      if (isHigh || items.length < settings.highMark) return;
      isHigh = true;
      settings.onHigh();
    },
    async take(max) {
      while (items.length === 0 && !isClosed) await new Promise<void>((resolve) => (wake = resolve));
      const taken = items.slice(0, max);
      items = items.slice(max);
      if (isHigh && items.length <= settings.lowMark) {
        isHigh = false;
        settings.onLow();
      }
      return taken;
    },
    close() {
      isClosed = true;
      wake();
    },
    isHigh: () => isHigh,
  };
}
