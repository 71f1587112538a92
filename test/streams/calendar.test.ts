import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, dayAt, dayOf, mondayOf, parseDate, weekAt } from '../../streams/calendar.ts';
import { localDate } from '../../streams/time-zone.ts';

const iso = (ms: number) => new Date(ms).toISOString();
const zone = fc.constantFrom('UTC', ...Intl.supportedValuesOf('timeZone'));
const instant = fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2060, 0, 1) });

describe('a local day', () => {
  test('begins with the first moment of its date, and ends where the next begins, in every zone', () => {
    const property = fc.property(zone, instant, (timeZone, atMs) => {
      const day = dayAt(atMs, timeZone);
      expect(day.date).toBe(localDate(atMs, timeZone));
      for (const [startMs, date] of [
        [day.startMs, day.date],
        [day.endMs, addDays(day.date, 1)],
      ] as const) {
        expect(localDate(startMs - 1, timeZone) < date, `${timeZone} ${iso(startMs)}`).toBe(true);
        expect(localDate(startMs, timeZone) >= date, `${timeZone} ${iso(startMs)}`).toBe(true);
      }
      expect(dayOf(addDays(day.date, 1), timeZone).startMs).toBe(day.endMs);
    });
    fc.assert(property, { numRuns: 500 });
  });

  test.each([
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z', 23],
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00.000Z', 23],
    ['America/Toronto', '1919-03-31', '1919-03-31T04:30:00.000Z', 23.5],
    ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z', 25],
    ['America/St_Johns', '2010-11-07', '2010-11-07T02:30:00.000Z', 25],
    ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00.000Z', 24.5],
    ['Asia/Kathmandu', '2026-01-01', '2025-12-31T18:15:00.000Z', 24],
  ])('in %s on %s begins at %s and has %d hours', (timeZone, date, start, hours) => {
    const { startMs, endMs } = dayOf(date, timeZone);
    expect(iso(startMs)).toBe(start);
    expect((endMs - startMs) / 3_600_000).toBe(hours);
  });

  test('that a zone has left out is empty', () => {
    const { startMs, endMs } = dayOf('2011-12-30', 'Pacific/Apia');
    expect([iso(startMs), endMs - startMs]).toEqual(['2011-12-30T10:00:00.000Z', 0]);
  });

  test('of a zone that nobody knows is refused', () => {
    expect(() => dayAt(0, 'Atlantis')).toThrow(RangeError);
  });
});

describe('a local week', () => {
  test('is seven days from Monday to Sunday, numbered as ISO 8601 does', () => {
    const property = fc.property(zone, instant, (timeZone, atMs) => {
      const week = weekAt(atMs, timeZone);
      const { date } = dayAt(atMs, timeZone);
      expect(new Date(`${week.date}T00:00:00Z`).getUTCDay()).toBe(1);
      expect(week.date <= date && date <= week.lastDate).toBe(true);
      expect(addDays(week.date, 6)).toBe(week.lastDate);
      expect(week.startMs).toBe(dayOf(week.date, timeZone).startMs);
      expect(week.endMs).toBe(dayOf(week.lastDate, timeZone).endMs);
      // The first week of a year is that of 4 January.
      const [year = '', number = ''] = week.isoWeek.split('-W');
      expect(addDays(mondayOf(`${year}-01-04`), 7 * (Number(number) - 1))).toBe(week.date);
    });
    fc.assert(property);
  });
});

test.each(['2026-02-30', '2026-13-01', '2026-1-1', '20260101', '2026-01-01T00:00:00Z', ''])('%j is no date', (text) => {
  expect(parseDate(text)).toBeNull();
});
