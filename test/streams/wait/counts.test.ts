import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldWaits, startWaitModel, type WaitInput } from '../../../streams/wait/wait-model.ts';
import { answered, counted, interaction, tick, total } from '../../support/wait-journals.ts';

function follow(inputs: readonly WaitInput[]) {
  const model = startWaitModel();
  const news = inputs.map((input) => foldWaits(model, input, null));
  const line = model.centre.lines.get('q/voice');
  return {
    line,
    waiting: [...(line?.calls.keys() ?? [])],
    joined: news.flatMap(({ joined }) => joined),
    departed: news.flatMap(({ departed }) => departed),
  };
}

describe('where callers are only counted', () => {
  test('whoever joined first is taken to leave first, and is told by how many talk to be answered or gone', () => {
    const { departed, joined } = follow([
      counted(0),
      counted(10_000, { waiting: 1 }),
      counted(20_000, { waiting: 2 }),
      counted(50_000, { waiting: 1, interacting: 1 }),
      counted(60_000, { waiting: 0, interacting: 1 }),
    ]);
    expect(joined).toHaveLength(2);
    expect(departed.map(({ outcome, waitSeconds }) => [outcome, waitSeconds])).toEqual([
      ['answered', 40],
      ['abandoned', 40],
    ]);
  });

  /** Three joined at 0, 30 and 50 s; two others talk. */
  const three = [
    counted(-1_000, { interacting: 2 }),
    ...[0, 30_000, 50_000].map((atMs, before) => counted(atMs, { waiting: before + 1, interacting: 2 })),
  ];
  const left = (inputs: readonly WaitInput[]) =>
    follow([...three, ...inputs]).departed.map(({ outcome, waitSeconds }) => [outcome, waitSeconds]);

  test('the running totals tell who it was that left, and what became of him', () => {
    const gone = [
      total(60_000, 'tAbandon', { count: 1, sum: 10_000 }),
      counted(60_000, { waiting: 2, interacting: 2 }),
    ];
    // Another call ended before this one was answered: as many talk as before.
    const taken = [
      total(70_000, 'tAnswered', { count: 1, sum: 40_500 }),
      counted(70_000, { waiting: 1, interacting: 2 }),
    ];
    expect(left([...gone, ...taken])).toEqual([
      ['abandoned', 10],
      ['answered', 40],
    ]);
  });

  test('who left beside the one of whom the totals tell is the one who joined first', () => {
    const two = [total(60_000, 'tAbandon', { count: 1, sum: 10_000 }), counted(60_000, { waiting: 1, interacting: 3 })];
    expect(left(two)).toEqual([
      ['abandoned', 10],
      ['answered', 60],
    ]);
    const other = [
      total(60_000, 'tAnswered', { count: 1, sum: 30_000 }),
      counted(60_000, { waiting: 1, interacting: 3 }),
    ];
    expect(left(other)).toEqual([
      ['answered', 30],
      ['abandoned', 60],
    ]);
  });

  test.each([
    ['fits nobody who waits', [total(60_000, 'tAnswered', { count: 1, sum: 20_000 })], 60_000],
    ['was told long before', [total(60_000, 'tAnswered', { count: 1, sum: 10_000 })], 63_000],
    [
      'is the first to be heard and has grown by several',
      [total(60_000, 'tAnswered', { count: 3, sum: 30_000 })],
      60_000,
    ],
    [
      'belongs to a half hour before the last one',
      [
        total(55_000, 'tAnswered', { count: 1, sum: 4_000 }, 1_800_000),
        total(60_000, 'tAnswered', { count: 1, sum: 10_000 }),
      ],
      60_000,
    ],
  ])('a total that %s says nothing', (_what, totals, countedAtMs) => {
    expect(left([...totals, counted(countedAtMs, { waiting: 2, interacting: 3 })])).toEqual([
      ['answered', countedAtMs / 1000],
    ]);
  });

  test('a half hour begins at nothing', () => {
    const before = total(55_000, 'tAnswered', { count: 7, sum: 90_000 });
    const next = total(60_000, 'tAnswered', { count: 1, sum: 10_000 }, 1_800_000);
    expect(left([before, next, counted(60_000, { waiting: 2, interacting: 3 })])).toEqual([['answered', 10]]);
  });

  test('totals that grew in a gap tell nothing of who left in it', () => {
    const gap = [
      total(55_000, 'tAnswered', { count: 1, sum: 4_000 }),
      counted(56_000, { waiting: 3, interacting: 2, status: 'stale' }),
    ];
    expect(
      left([
        ...gap,
        total(60_000, 'tAnswered', { count: 3, sum: 24_000 }),
        counted(60_000, { waiting: 1, interacting: 4 }),
      ]),
    ).toEqual([]);
  });

  test('nothing is learned from a leaving of which nobody can say what it was', () => {
    const unknown = { interacting: null };
    const { departed, waiting } = follow([
      counted(0, unknown),
      counted(10_000, { ...unknown, waiting: 1 }),
      counted(50_000, unknown),
    ]);
    expect(departed).toEqual([]);
    expect(waiting).toEqual([]);
  });

  test('those who were there at the first count joined evenly since the first of them, and were not predicted', () => {
    const { line, joined } = follow([counted(100_000, { waiting: 5, longestWaitStartMs: 0 })]);
    expect(line?.enqueuedAtMs.get(0)).toEqual([0, 20_000, 40_000, 60_000, 80_000]);
    expect(joined).toEqual([]);
  });

  test('the one who waits longest joined when the platform says', () => {
    const { line } = follow([
      counted(0),
      counted(10_000, { waiting: 1, longestWaitStartMs: 9_000 }),
      counted(20_000, { waiting: 2, longestWaitStartMs: 9_000 }),
      // The second gave up: the first still waits.
      counted(30_000, { waiting: 1, longestWaitStartMs: 9_000 }),
    ]);
    expect(line?.enqueuedAtMs.get(0)).toEqual([9_000]);
  });

  test('a gap says nothing of who came and went in it', () => {
    const { joined, departed } = follow([
      counted(0),
      counted(10_000, { waiting: 1 }),
      counted(20_000, { waiting: 1, status: 'stale' }),
      counted(600_000, { waiting: 9, interacting: 3 }),
    ]);
    expect(joined).toHaveLength(1);
    expect(departed).toEqual([]);
  });

  test('as many wait as were counted, and as many left as joined and wait no more', () => {
    const count = fc.record({ waiting: fc.nat({ max: 30 }), interacting: fc.nat({ max: 30 }) });
    fc.assert(
      fc.property(fc.array(count, { minLength: 1, maxLength: 60 }), (counts) => {
        const { line, joined, departed } = follow([counted(0), ...counts.map((each, at) => counted(at * 1000, each))]);
        expect(line?.waiting).toBe(counts.at(-1)?.waiting);
        expect(joined.length - departed.length).toBe(line?.waiting);
      }),
    );
  });

  test('a platform that counts more than anybody keeps is followed as far as they are kept', () => {
    const { line, joined } = follow([counted(0, { waiting: 1_000_000 }), counted(1_000, { waiting: 2_000_000 })]);
    expect(joined).toEqual([]);
    expect(line?.waiting).toBe(20_000);
    expect(follow([counted(0, { waiting: 20_000 }), counted(1_000)]).line?.waiting).toBe(0);
  });
});

describe('where interactions begin to be heard after a while', () => {
  const before = [counted(0), counted(10_000, { waiting: 3 })];

  test('one who was counted is not counted again when it is named', () => {
    const { line } = follow([...before, interaction('a', 9_000, { receivedAtMs: 15_000 })]);
    expect(line?.waiting).toBe(3);
    expect(follow([...before, interaction('a', 15_000)]).line?.waiting).toBe(4);
  });

  test('those who were only counted are forgotten with those that the platform counts no more', () => {
    const { waiting } = follow([
      ...before,
      interaction('a', 15_000),
      counted(15_100, { waiting: 4 }),
      counted(20_000, { waiting: 1, interacting: 3 }),
      tick(29_000),
      tick(31_000),
    ]);
    expect(waiting).toEqual(['a']);
  });
});

describe('one whose end was never heard', () => {
  const joins = [interaction('a', 1_000), counted(1_100, { waiting: 1 })];

  test('waits no more when ten seconds have passed in which the platform counted fewer', () => {
    const lost = [...joins, counted(60_000, { interacting: 1 })];
    expect(follow([...lost, tick(69_000)]).waiting).toEqual(['a']);
    expect(follow([...lost, tick(70_000)]).waiting).toEqual([]);
  });

  test('is found out in a busy queue too, where somebody comes or goes all the time', () => {
    const inputs: WaitInput[] = [...joins];
    for (let atMs = 10_000; atMs <= 40_000; atMs += 5_000) {
      // Each is named a second before it is counted, and answered a second before that is counted.
      const id = `c${atMs}`;
      inputs.push(interaction(id, atMs), counted(atMs + 1_000, { waiting: 1 }));
      inputs.push(answered(id, atMs, atMs + 2_000), counted(atMs + 3_000, { waiting: 0 }));
    }
    expect(follow(inputs).waiting).toEqual([]);
  });

  test('is not taken for one that is just being named before it is counted, or counted before it is named', () => {
    const inputs = [
      ...[...joins, counted(60_000), answered('a', 1_000, 60_000, { receivedAtMs: 60_500 })],
      ...[tick(65_000), interaction('b', 69_900), tick(70_000), counted(70_500, { waiting: 1 }), tick(90_000)],
    ];
    expect(follow(inputs).waiting).toEqual(['b']);
  });

  test('is not taken for one that rings at an agent, whom the platform may count apart', () => {
    const ringing = { userId: 'u', connectedAtMs: null, endedAtMs: null, wrapUpEndedAtMs: null };
    const alert = interaction('a', 1_000, { receivedAtMs: 60_000, agents: [ringing] });
    const other = [interaction('b', 59_000), counted(60_100, { waiting: 1 }), tick(80_000)];
    expect(follow([...joins, alert, ...other]).waiting).toEqual(['a', 'b']);
    const rings = [...joins, alert, counted(60_100)];
    const later = counted(90_000, { interacting: 1 });
    expect(follow([...rings, tick(80_000), later, tick(120_000)]).waiting).toEqual(['a']);
    // Nobody rings for three minutes.
    expect(follow([...rings, counted(190_000, { interacting: 2 }), tick(201_000)]).waiting).toEqual([]);
  });

  test('is not looked for in a gap', () => {
    expect(follow([...joins, counted(60_000, { status: 'stale' }), tick(90_000)]).waiting).toEqual(['a']);
  });
});
