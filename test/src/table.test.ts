import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { createLatest } from '../../src/latest.ts';
import { renderPlain, renderTable, tableRows, tableTopics } from '../../src/table.ts';
import { derive } from '../../streams/derive.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { topicOf } from '../../streams/record.ts';
import { deriveSettings } from '../support/derive-settings.ts';

const startMs = Date.UTC(2026, 2, 2, 9);
const queueId = '11111111-1111-4111-8111-111111111111';
const ann = 'aaaaaaaa-1111-4111-8111-111111111111';
const bob = 'bbbbbbbb-1111-4111-8111-111111111111';

/** The table as it is after some events of the journal. */
function tableAfter(events: readonly QueueEvent[], settings = deriveSettings) {
  const latest = createLatest(tableTopics);
  const events$ = new Subject<QueueEvent>();
  events$.pipe(derive(settings).operator).subscribe(({ type, key, value, atMs }) => {
    latest.take({ record: topicOf(type), key, value: value ?? null, atMs });
  });
  for (const event of events) events$.next(event);
  const rows = tableRows(latest, events.at(-1)?.receivedAtMs ?? startMs);
  return { lines: renderTable(rows), words: rows.map((row) => renderPlain(row, 'now')) };
}

const queue: readonly QueueEvent[] = [
  { kind: 'queue-profile', receivedAtMs: startMs, queueId, name: 'Sales', serviceLevels: [] },
  {
    kind: 'queue-snapshot',
    receivedAtMs: startMs,
    queueId,
    groups: [
      { mediaType: null, metrics: [{ metric: 'oOnQueueUsers', qualifier: 'IDLE', count: 2, startedAtMs: null }] },
      { mediaType: 'voice', metrics: [{ metric: 'oWaiting', qualifier: null, count: 0, startedAtMs: null }] },
    ],
    waiting: [],
  },
];
const agent = (userId: string, routingStatus: string, receivedAtMs: number): QueueEvent => ({
  kind: 'agent-status',
  receivedAtMs,
  userId,
  routingStatus,
  routingStatusSinceMs: receivedAtMs,
  presence: null,
  presenceSinceMs: null,
  activeQueueIds: [queueId],
});
const gap: QueueEvent = {
  kind: 'channel-gap',
  receivedAtMs: startMs + 9,
  channel: 0,
  queueIds: null,
  userIds: null,
  startMs: startMs + 8,
  endMs: null,
  cause: 'closed',
  repairedBy: 'none',
};

describe('the table', () => {
  test('names the agent who should be given the next interaction, as he changes', () => {
    const both = [...queue, agent(ann, 'IDLE', startMs + 1), agent(bob, 'IDLE', startMs + 2)];
    expect(tableAfter(both).lines[0]).toMatch(/next agent \(score\)$/);
    expect(tableAfter(both).lines[1]).toMatch(/^Sales {2}voice .* aaaaaaaa \(0\.85\)$/);
    const later = tableAfter([...both, agent(ann, 'INTERACTING', startMs + 3)]);
    expect(later.lines[1]).toMatch(/ bbbbbbbb \(0\.85\)$/);
    expect(later.words).toEqual([
      expect.stringMatching(/^now Sales voice: .*, next agent \(score\) bbbbbbbb \(0\.85\)$/),
    ]);
  });

  test('calls the agent by name where names are switched on', () => {
    const profile: QueueEvent = {
      kind: 'agent-profile',
      receivedAtMs: startMs,
      userId: ann,
      name: 'Ann Example',
      skills: [],
      languages: [],
    };
    const events = [...queue, profile, agent(ann, 'IDLE', startMs + 1)];
    expect(tableAfter(events, { ...deriveSettings, agentNames: true }).lines[1]).toMatch(/ Ann Example \(0\.85\)$/);
  });

  test('names nobody when nobody is idle, and when it is not known who is', () => {
    expect(tableAfter([...queue, agent(ann, 'INTERACTING', startMs + 1)]).lines[1]).toMatch(/ -$/);
    expect(tableAfter([...queue, agent(ann, 'IDLE', startMs + 1), gap]).lines[1]).toMatch(/ -$/);
  });
});
