import { from } from 'rxjs';
import { expect, test } from 'vitest';
import { resume, resumePoint } from '../../src/refold.ts';
import { derive } from '../../streams/derive.ts';
import type { QueueEvent } from '../../streams/event.ts';
import type { Checkpoint } from '../../streams/logic.ts';
import type { Output } from '../../streams/record.ts';
import { agentRanking } from '../../streams/records/agent-ranking.ts';
import { deriveSettings } from '../support/derive-settings.ts';

const startMs = Date.UTC(2026, 2, 2, 9);
const queue = (queueId: string, receivedAtMs = startMs): QueueEvent => ({
  ...{ kind: 'queue-profile', receivedAtMs, queueId, name: queueId, serviceLevels: [] },
});
const tick = (receivedAtMs: number): QueueEvent => ({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs });
const waits = (skillId: string, receivedAtMs: number, isOver = false): QueueEvent => ({
  ...{ kind: 'interaction-changed', receivedAtMs, queueId: 'q', conversationId: 'c', mediaType: 'voice', agents: [] },
  stays: [
    {
      ...{ enqueuedAtMs: receivedAtMs, leftAtMs: isOver ? receivedAtMs : null, priority: null },
      ...{ skillIds: [skillId], languageId: null },
    },
  ],
  customerLeftAtMs: null,
});

interface Ended {
  readonly checkpoint: Checkpoint;
  readonly position: number;
}

/** A run with these profiles that goes on with a journal; returns where it ends, and what it said of rankings. */
function go(profiles: readonly string[], journal: readonly QueueEvent[], before?: Ended) {
  const settings = { ...deriveSettings, rankingProfiles: profiles };
  const point = resumePoint(derive(settings).snapshot(), before, before?.position ?? 0);
  const runner = derive(settings, point.from);
  const said: Output[] = [];
  from(journal.map((event, offset) => ({ event, offset, organizationId: 'org' })).slice(point.readFrom))
    .pipe(resume(runner, point))
    .subscribe((output) => said.push(output));
  const rankings = said.filter(({ type }) => type === agentRanking);
  const ended: Ended = { checkpoint: runner.snapshot(), position: journal.length };
  return { ended, last: new Map(rankings.map(({ key, value }) => [key, value === null ? 'gone' : 'ranked'])) };
}

const journal = [queue('q'), queue('r'), tick(startMs + 5_000)];
const later = tick(startMs + 10_000);

test('a profile that is set no more ends with a tombstone in every queue, at the next start', () => {
  const first = go(['s@', 't@'], journal);
  expect(first.last.get('org/q/s@')).toBe('ranked');
  const { last } = go(['t@'], [...journal, later], first.ended);
  expect([...last].sort()).toEqual([
    ...[['org/q/default', 'ranked'] as const, ['org/q/s@', 'gone'] as const, ['org/q/t@', 'ranked'] as const],
    ...[['org/r/default', 'ranked'] as const, ['org/r/s@', 'gone'] as const, ['org/r/t@', 'ranked'] as const],
  ]);
});

test('one that somebody waits for goes on, and ends when it has been quiet', () => {
  const asked = [...journal, waits('s', startMs + 6_000)];
  const first = go(['s@'], asked);
  const over = waits('s', startMs + 20_000, true);
  const { last } = go([], [...asked, later, over], first.ended);
  expect(last.get('org/q/s@')).toBe('ranked');
  expect(last.get('org/r/s@')).toBe('gone');
  const quiet = [...asked, later, over, tick(startMs + 700_000)];
  expect(go([], quiet, first.ended).last.get('org/q/s@')).toBe('gone');
});

test('a queue that is gone is not heard of again', () => {
  const removed: readonly QueueEvent[] = [
    ...journal,
    { kind: 'queue-removed', receivedAtMs: startMs + 6_000, queueId: 'r' },
  ];
  const first = go(['s@'], removed);
  expect(first.last.get('org/r/s@')).toBe('gone');
  const { last } = go([], [...removed, later], first.ended);
  expect(last.get('org/q/s@')).toBe('gone');
  expect(last.has('org/r/s@')).toBe(false);
});

test('nothing is said anew where the settings are the same', () => {
  const first = go(['s@'], journal);
  expect(go(['s@'], [...journal, later], first.ended).last.size).toBe(0);
});
