import { z } from 'zod';
import type { Checkpoint } from '../../streams/logic.ts';
import type { Position } from '../sink.ts';
import type { KafkaMessage } from './message.ts';

const part = z.object({
  /** How far the input was read; all parts of one checkpoint have the same. */
  position: z.int(),
  version: z.int(),
  part: z.int(),
  parts: z.int(),
  /** All logics of the checkpoint, so that a missing one is noticed. */
  logics: z.array(z.string()),
  text: z.string(),
});

export interface SavedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly position: Position;
}

/**
 * A checkpoint as messages of a compacted topic: each logic's state as JSON text, cut into parts that fit. A part's key is
 * `shard/logic/part`, so that the next checkpoint supersedes it.
 */
export function toCheckpointMessages(
  checkpoint: Checkpoint,
  settings: {
    readonly position: Position;
    readonly shard: number;
    readonly atMs: number;
    readonly charactersMax: number;
  },
): readonly KafkaMessage[] {
  const { position, shard, atMs, charactersMax } = settings;
  const logics = Object.keys(checkpoint);
  return Object.entries(checkpoint).flatMap(([logic, { version, state }]) => {
    const text = JSON.stringify(state ?? null);
    const parts = Math.max(1, Math.ceil(text.length / charactersMax));
    return Array.from({ length: parts }, (_, index) => {
      const cut = text.slice(index * charactersMax, (index + 1) * charactersMax);
      const value: z.output<typeof part> = { position, version, part: index, parts, logics, text: cut };
      return {
        key: `${shard}/${logic}/${index}`,
        value: JSON.stringify(value),
        timestamp: String(atMs),
        headers: { 'content-type': 'application/json' },
      };
    });
  });
}

/**
 * Puts the newest whole checkpoint of a shard together from the messages of the topic, in their order, their values parsed. Undefined when there is none.
 * Parts of an older, longer one may still lie beyond those of the newest: they have another position.
 */
export function fromCheckpointMessages(
  messages: readonly { readonly key: string; readonly value: unknown }[],
  shard: number,
): SavedCheckpoint | undefined {
  const latest = new Map<string, z.output<typeof part>>();
  let newest: z.output<typeof part> | undefined;
  for (const { key, value } of messages) {
    if (!key.startsWith(`${shard}/`)) continue;
    newest = part.parse(value);
    latest.set(key, newest);
  }
  if (newest === undefined) return undefined;
  const checkpoint: Record<string, { readonly version: number; readonly state: unknown }> = {};
  for (const logic of newest.logics) {
    const first = latest.get(`${shard}/${logic}/0`);
    const found = Array.from({ length: first?.parts ?? 1 }, (_, index) => latest.get(`${shard}/${logic}/${index}`));
    const whole = found.filter((each) => each !== undefined && each.position === newest.position);
    if (first === undefined || whole.length < found.length) return undefined;
    const text = found.map((each) => each?.text ?? '').join('');
    checkpoint[logic] = { version: first.version, state: JSON.parse(text) };
  }
  return { checkpoint, position: newest.position };
}

/**
 * The newest whole checkpoint of a shard for which no more of the input was read than `positionMax`. Compaction takes parts of the older ones
 * away: those are not whole any more.
 */
export function checkpointBefore(
  messages: readonly { readonly key: string; readonly value: unknown }[],
  shard: number,
  positionMax: Position,
): SavedCheckpoint | undefined {
  const byPosition = new Map<Position, { readonly key: string; readonly value: unknown }[]>();
  for (const message of messages) {
    if (!message.key.startsWith(`${shard}/`)) continue;
    const { position } = part.parse(message.value);
    if (position > positionMax) continue;
    const parts = byPosition.get(position) ?? [];
    byPosition.set(position, parts);
    parts.push(message);
  }
  for (const position of [...byPosition.keys()].sort((a, b) => b - a)) {
    const found = fromCheckpointMessages(byPosition.get(position) ?? [], shard);
    if (found !== undefined) return found;
  }
  return undefined;
}
