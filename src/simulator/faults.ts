/** What becomes of a frame on its way: the texts to send now, in order. */
export type FrameFaults = (channelId: string, text: string) => readonly string[];

export interface FrameFaultSettings {
  /** Of frames that are sent twice, 0 to 1. */
  readonly twiceShare: number;
  /** Of frames that are sent after the one that follows them, 0 to 1. */
  readonly swappedShare: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** Frames twice and in the wrong order, as a network of many servers sends them now and then. */
export function disturbFrames({ twiceShare, swappedShare, random }: FrameFaultSettings): FrameFaults {
  const held = new Map<string, string>();
  return (channelId, text) => {
    const before = held.get(channelId);
    held.delete(channelId);
    if (before !== undefined) return [text, before];
    const chance = random();
    if (chance >= swappedShare) return chance < swappedShare + twiceShare ? [text, text] : [text];
    held.set(channelId, text);
    return [];
  };
}
