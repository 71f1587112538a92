import { from } from 'rxjs';
import { toFrameArrival } from '../../src/genesys/arrival.ts';
import { decodeArrival } from '../../src/genesys/decode.ts';
import { derive, type DeriveSettings } from '../../streams/derive.ts';
import { queueEvent, type QueueEvent } from '../../streams/event.ts';
import { inOrganization, organizationOf, topicOf } from '../../streams/record.ts';
import { recordTypes } from '../../streams/records/all.ts';

// What a pipeline left, judged by what it was given: its outputs by its journal, its journal by what the simulator sent.

/** A record as it lies in a log or topic; `record` = topic without prefix. */
export interface Written {
  readonly record: string;
  readonly key: string;
  readonly atMs: number;
  readonly value: unknown;
}

/** What the logics make of a journal as it was left. */
export function deriveWritten(journal: readonly Written[], settings: DeriveSettings): readonly Written[] {
  const organizationId = organizationOf(journal[0]?.key ?? '/');
  const derived: Written[] = [];
  from(journal.map(({ value }) => queueEvent.parse(value)))
    .pipe(derive(settings).operator)
    .subscribe((output) => {
      const { type, ...rest } = inOrganization(output, organizationId);
      derived.push({ record: topicOf(type), ...rest });
    });
  return derived;
}

const states = new Set(recordTypes.filter(({ kind }) => kind === 'state').map(topicOf));
const text = ({ atMs, value }: Written) => JSON.stringify([atMs, value]);

/**
 * Compares what was written with what should have been, key by key, for that is the order that is promised: every fact once
 * and in order, of the states some, in order, and the last. Answers with what is wrong.
 */
export function compareOutputs(written: readonly Written[], expected: readonly Written[]): readonly string[] {
  const byKey = (all: readonly Written[]) => {
    const keys = new Map<string, Written[]>();
    for (const each of all) {
      const name = `${each.record} ${each.key}`;
      const known = keys.get(name);
      if (known === undefined) keys.set(name, [each]);
      else known.push(each);
    }
    return keys;
  };
  const found = byKey(written);
  const wanted = byKey(expected);
  const faults: string[] = [];
  for (const [name, records] of found) {
    if (!wanted.has(name)) faults.push(`${name}: ${records.length} records that nothing leads to`);
  }
  for (const [name, records] of wanted) {
    const got = (found.get(name) ?? []).map(text);
    const should = records.map(text);
    const isState = states.has(records[0]?.record ?? '');
    if (!isState) {
      if (JSON.stringify(got) !== JSON.stringify(should)) faults.push(`${name}: ${describeFacts(got, should)}`);
      continue;
    }
    if (got.at(-1) !== should.at(-1)) faults.push(`${name}: the last state is ${got.at(-1)}, not ${should.at(-1)}`);
    let at = 0;
    for (const state of got) {
      const next = should.indexOf(state, at);
      if (next === -1) {
        faults.push(`${name}: out of order or unknown: ${state}`);
        break;
      }
      at = next + 1;
    }
  }
  return faults;
}

function describeFacts(got: readonly string[], should: readonly string[]): string {
  const missing = should.filter((each) => !got.includes(each)).length;
  const twice = got.length - new Set(got).size;
  return `${got.length} facts instead of ${should.length}: ${missing} missing, ${twice} twice`;
}

export interface SentFrame {
  readonly channelId: string;
  readonly atMs: number;
  readonly text: string;
}

interface Told {
  readonly atMs: number;
  readonly text: string;
  readonly isAgent: boolean;
}

/**
 * Looks for every frame the simulator sent in the journal, in order, or else in a gap: between two gaps all that was sent is there,
 * but at their edges. `slackMs` = what a busy machine may put between a moment and its stamp.
 */
export function findFrames(
  sent: readonly SentFrame[],
  events: readonly QueueEvent[],
  slackMs: number,
): { readonly found: number; readonly lost: readonly Told[] } {
  const told = (event: QueueEvent, atMs: number): Told => {
    const { receivedAtMs: _, ...rest } = event;
    return { atMs, text: JSON.stringify(rest), isAgent: event.kind === 'agent-status' };
  };
  const fromFrames = ['queue-observed', 'queue-interval', 'interaction-changed', 'agent-status'];
  const journaled = events
    .filter(({ kind }) => fromFrames.includes(kind))
    .map((event) => told(event, event.receivedAtMs));
  const frames = sent.flatMap(({ text, atMs }) =>
    decodeArrival(toFrameArrival(text, 0)).map((event) => told(event, atMs)),
  );
  const beginning = { startMs: -Infinity, endMs: -Infinity };
  // What is sent at the very end may still be on its way.
  const ending = { startMs: events.at(-1)?.receivedAtMs ?? 0, endMs: Infinity };
  const gaps = [beginning, ...mergeGaps(events), ending];
  const middle = ({ startMs, endMs }: typeof beginning) =>
    Number.isFinite(startMs) && Number.isFinite(endMs) ? (startMs + endMs) / 2 : endMs;
  const lost: Told[] = [];
  let found = 0;
  for (const [index, next] of gaps.entries()) {
    const before = gaps[index - 1];
    if (before === undefined) continue;
    const within = ({ atMs }: Told) => atMs > middle(before) && atMs <= middle(next);
    const part = frames.filter(within);
    const first = part.findIndex(({ atMs }) => atMs > before.endMs + slackMs);
    const counted = match(part, first === -1 ? part.length : first, journaled.filter(within));
    found += counted.found;
    lost.push(...counted.unmatched.filter(({ atMs }) => atMs < next.startMs - slackMs));
  }
  return { found, lost };
}

function mergeGaps(events: readonly QueueEvent[]): readonly { startMs: number; endMs: number }[] {
  const merged: { startMs: number; endMs: number }[] = [];
  const closed = events.flatMap((event) =>
    event.kind === 'channel-gap' && event.endMs !== null ? [{ startMs: event.startMs, endMs: event.endMs }] : [],
  );
  for (const gap of closed.sort((a, b) => a.startMs - b.startMs)) {
    const last = merged.at(-1);
    if (last !== undefined && gap.startMs <= last.endMs) last.endMs = Math.max(last.endMs, gap.endMs);
    else merged.push(gap);
  }
  return merged;
}

/** Matches frames with what was journaled, in order; up to `skippable` at the beginning may be missing. */
function match(frames: readonly Told[], skippable: number, journaled: readonly Told[]) {
  let best: { found: number; unmatched: readonly Told[] } = { found: 0, unmatched: frames.slice(skippable) };
  for (let skipped = 0; skipped <= skippable; skipped += 1) {
    let next = 0;
    let at = skipped;
    for (; at < frames.length; at += 1) {
      const { text } = frames[at]!;
      let candidate = next;
      // Agents also come from REST answers in between.
      while (journaled[candidate]?.isAgent === true && journaled[candidate]?.text !== text) candidate += 1;
      if (journaled[candidate]?.text !== text) break;
      next = candidate + 1;
    }
    const hasAll = journaled.slice(next).every(({ isAgent }) => isAgent);
    const unmatched = frames.slice(at);
    // A beginning that happens to be alike must not pass for the right one: all that was journaled has to come from somewhere.
    if (hasAll && at - skipped >= best.found) best = { found: at - skipped, unmatched };
  }
  return best;
}

/** The same numbers each time, so that a failure can be seen again. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
