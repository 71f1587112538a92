import { describe, expect, test } from 'vitest';
import { foldWaits, startWaitModel, type WaitInput } from '../../../streams/wait/wait-model.ts';
import {
  abandoned,
  agentStatus,
  answered,
  counted,
  interaction,
  removed,
  snapshot,
} from '../../support/wait-journals.ts';

function follow(inputs: readonly WaitInput[]) {
  const model = startWaitModel();
  const news = inputs.map((input) => foldWaits(model, input, null));
  return {
    line: model.centre.lines.get('q/voice'),
    lines: [...model.centre.lines.keys()],
    centre: model.centre,
    learned: model.learned,
    joined: news.flatMap(({ joined }) => joined),
    departed: news.flatMap(({ departed }) => departed),
    handled: news.flatMap(({ handled }) => handled),
  };
}

const joins = interaction('a', 1_000);

describe('an interaction', () => {
  test('that is told of twice counts once, whatever became of it', () => {
    const answer = answered('a', 1_000, 31_000);
    const end = answered('a', 1_000, 31_000, { endedAtMs: 91_000 });
    const { departed, handled, line } = follow([joins, joins, answer, answer, end, end]);
    expect(departed.map(({ outcome, waitSeconds }) => [outcome, waitSeconds])).toEqual([['answered', 30]]);
    expect(handled.map(({ handleSeconds }) => handleSeconds)).toEqual([60]);
    expect(line?.waiting).toBe(0);
    const left = abandoned('a', 1_000, 31_000);
    expect(follow([joins, left, left]).departed).toHaveLength(1);
  });

  test('that is over does not come back by what was on its way', () => {
    const { line, joined } = follow([joins, abandoned('a', 1_000, 31_000), joins, snapshot(32_000, { a: 1_000 })]);
    expect(line?.waiting).toBe(0);
    expect(joined).toHaveLength(1);
    const end = answered('a', 1_000, 31_000, { endedAtMs: 91_000 });
    expect(follow([joins, end, answered('a', 1_000, 31_000)]).line?.served.size).toBe(0);
  });

  test('that comes back to the queue waits anew, and what was on its way meanwhile does not change that', () => {
    const back = interaction('a', 61_000);
    const { line, joined } = follow([joins, answered('a', 1_000, 31_000), back, answered('a', 1_000, 31_000)]);
    expect(line?.enqueuedAtMs.get(0)).toEqual([61_000]);
    expect(joined).toHaveLength(2);
  });

  test('that goes on in another medium waits there only', () => {
    const callback = interaction('a', 61_000, { mediaType: 'callback' });
    const { line, centre } = follow([joins, callback]);
    expect(line?.waiting).toBe(0);
    expect(centre.lines.get('q/callback')?.waiting).toBe(1);
  });

  test('whose caller left long after it had left the queue unheard waits no more', () => {
    const gone = interaction('a', 1_000, { receivedAtMs: 900_000, leftAtMs: 31_000, customerLeftAtMs: 900_000 });
    const { line, departed } = follow([joins, gone]);
    expect(line?.waiting).toBe(0);
    expect(line?.enqueuedAtMs.size).toBe(0);
    expect(departed).toEqual([]);
  });

  test('that is heard of a minute after it joined is not predicted, since nobody asked when it joined', () => {
    expect(follow([interaction('a', 1_000, { receivedAtMs: 62_000 })]).joined).toEqual([]);
    expect(follow([interaction('a', 1_000, { receivedAtMs: 11_000 })]).joined).toHaveLength(1);
  });

  test('whose end was dated before its answer was handled in no time', () => {
    const end = answered('a', 1_000, 31_000, { endedAtMs: 21_000 });
    expect(
      follow([joins, answered('a', 1_000, 31_000), end]).handled.map(({ handleSeconds }) => handleSeconds),
    ).toEqual([0]);
  });
});

describe('a queue that was removed', () => {
  const learnedFrom = [joins, answered('a', 1_000, 31_000)];

  test('is forgotten with all that was learned of it', () => {
    const { lines, learned, centre } = follow([...learnedFrom, counted(32_000, { agentsOnQueue: 3 }), removed(33_000)]);
    expect(lines).toEqual([]);
    expect(centre.agentCounts.size + centre.namedQueues.size + centre.toldHandleSeconds.size).toBe(0);
    expect(learned.get('voice')?.tunings.size).toBe(0);
  });

  test('does not come back by what was on its way, but by a snapshot', () => {
    const late = [removed(33_000), interaction('b', 33_500), counted(34_000, { status: 'stale', waiting: 1 })];
    expect(follow([...learnedFrom, ...late]).lines).toEqual([]);
    const { line } = follow([...learnedFrom, ...late, snapshot(60_000, { c: 50_000 }), interaction('d', 61_000)]);
    expect(line?.waiting).toBe(2);
  });
});

test('a snapshot that names who waits takes out those who left unheard, and keeps what the others were told', () => {
  const { line, departed } = follow([joins, interaction('b', 2_000), snapshot(60_000, { b: 2_000, c: 30_000 })]);
  expect([...(line?.calls.keys() ?? [])]).toEqual(['b', 'c']);
  expect(line?.calls.get('b')?.quote).not.toBeNull();
  expect(line?.calls.get('c')?.quote).toBeNull();
  expect(departed).toEqual([]);
});

test('the handle time of one medium is not taken for that of another', () => {
  const { joined } = follow([
    agentStatus('u', 0),
    counted(1_000, { handleSecondsMean: 100, waiting: null }),
    counted(1_000, { mediaType: 'email', handleSecondsMean: 3_600, waiting: null }),
    joins,
  ]);
  expect(joined[0]?.quote.estimates.ql?.p50).toBe(100);
});

describe('days of traffic of which much is lost', () => {
  test('leave no more behind than the bounds say', () => {
    const model = startWaitModel();
    let state = 11;
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    let calls = 0;
    for (let atMs = 0; atMs < 4 * 86_400_000; atMs += 20_000) {
      const id = `c${(calls += 1)}`;
      foldWaits(model, interaction(id, atMs, { priority: Math.floor(random() * 1e6) }), null);
      const connectedAtMs = atMs + 60_000;
      // One of ten answers and one of two ends is never heard of.
      if (random() < 0.9) foldWaits(model, answered(id, atMs, connectedAtMs), null);
      if (random() < 0.5) foldWaits(model, answered(id, atMs, connectedAtMs, { endedAtMs: atMs + 200_000 }), null);
      if (calls % 10 !== 0) continue;
      foldWaits(model, counted(atMs + 300_000, { waiting: 0, interacting: calls % 3 }), null);
      foldWaits(model, agentStatus(`u${calls % 500}`, atMs, { activeQueueIds: ['q', `q${calls % 50}`] }), null);
    }
    const line = model.centre.lines.get('q/voice');
    // Half a day of ends that were lost, and the names of the latest that are over.
    expect(line?.served.size).toBeLessThan(43_200 / 20);
    expect(line?.finished.size).toBe(256);
    expect(line?.waiting).toBeLessThan(30);
    expect(line?.enqueuedAtMs.size).toBeLessThan(30);
    expect(line?.joins.size).toBeLessThanOrEqual(16);
    expect(model.centre.headStarts.get('voice')?.size).toBeLessThanOrEqual(8);
    expect(model.centre.staff.agents.size).toBeLessThanOrEqual(500);
    expect(model.learned.get('voice')?.regression.examples.length).toBeLessThanOrEqual(1024);
  });

  test('and queues that come and go leave the names of the latest thousand', () => {
    const model = startWaitModel();
    for (let n = 0; n < 1_200; n += 1) {
      const queueId = `q${n}`;
      foldWaits(model, interaction('a', n, { queueId }), null);
      foldWaits(model, { ...answered('a', n, n + 1), queueId }, null);
      foldWaits(model, removed(n + 2, queueId), null);
    }
    expect(model.centre.goneQueues.size).toBe(1_000);
    expect(model.centre.lines.size).toBe(0);
    expect(model.learned.get('voice')?.tunings.size).toBe(0);
  });
});
