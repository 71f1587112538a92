import { describe, expect, test } from 'vitest';
import { createInbox } from '../../../src/sources/inbox.ts';

function inbox(highMark = 4, lowMark = 1) {
  const calls: string[] = [];
  const box = createInbox<number>({
    highMark,
    lowMark,
    onHigh: () => calls.push('high'),
    onLow: () => calls.push('low'),
  });
  return { box, calls };
}

describe('an inbox', () => {
  test('hands over in order, as many as are asked for', async () => {
    const { box } = inbox();
    for (const item of [1, 2, 3]) box.push(item);
    expect(await box.take(2)).toEqual([1, 2]);
    expect(await box.take(2)).toEqual([3]);
  });

  test('lets the taker wait for the next item', async () => {
    const { box } = inbox();
    const taken = box.take(10);
    box.push(7);
    expect(await taken).toEqual([7]);
  });

  test('asks to stop once at its high mark and to go on at its low mark, and loses nothing on its way', async () => {
    const { box, calls } = inbox();
    for (const item of [1, 2, 3, 4, 5, 6]) box.push(item);
    expect(calls).toEqual(['high']);
    expect(await box.take(4)).toEqual([1, 2, 3, 4]);
    expect(calls).toEqual(['high']);
    expect(await box.take(1)).toEqual([5]);
    expect(calls).toEqual(['high', 'low']);
    expect(await box.take(1)).toEqual([6]);
  });

  test('when closed gives what it holds, then nothing', async () => {
    const { box } = inbox();
    box.push(1);
    box.close();
    expect(await box.take(5)).toEqual([1]);
    expect(await box.take(5)).toEqual([]);
  });
});
