import type { OpeningHours, OpenRange } from '../streams/opening-hours.ts';

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const dayMinutes = 1_440;
const weekMinutes = days.length * dayMinutes;

export const openingHoursAllowed =
  'days and times of the local clock, as mon-fri 08:00-12:00 13:00-18:00, a list of such, or none = always open';

/**
 * `mon-fri 08:00-12:00 13:00-18:00`: days or ranges of days with commas between, then times with spaces or commas between. Hours that end
 * before they begin end on the next day, `00:00-24:00` is all day. Undefined = it is not that.
 */
export function parseOpeningHours(text: string): OpeningHours | undefined {
  const words = text
    .trim()
    .toLowerCase()
    .split(/[\s,]+/);
  const daysUntil = words.findIndex((word) => /^\d/.test(word));
  if (daysUntil < 1) return undefined;
  const named = words.slice(0, daysUntil).map(parseDays);
  const times = words.slice(daysUntil).map(parseTimes);
  const ranges: OpenRange[] = [];
  for (const some of named) {
    for (const range of times) {
      if (some === undefined || range === undefined) return undefined;
      for (const day of some)
        ranges.push(...inWeek(day * dayMinutes + range.fromMinute, day * dayMinutes + range.untilMinute));
    }
  }
  return ranges;
}

/** What goes on past Sunday goes on on Monday. */
function inWeek(fromMinute: number, untilMinute: number): readonly OpenRange[] {
  if (untilMinute <= weekMinutes) return [{ fromMinute, untilMinute }];
  return [
    { fromMinute, untilMinute: weekMinutes },
    { fromMinute: 0, untilMinute: untilMinute - weekMinutes },
  ];
}

function parseDays(word: string): readonly number[] | undefined {
  const [from, until] = word.split('-', 2).map((name) => days.findIndex((day) => day === name));
  if (from === undefined || from === -1 || until === -1 || word.split('-').length > 2) return undefined;
  const count = until === undefined ? 1 : ((until - from + days.length) % days.length) + 1;
  return Array.from({ length: count }, (_, index) => (from + index) % days.length);
}

function parseTimes(word: string): OpenRange | undefined {
  const found = /^(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)$/.exec(word);
  if (found === null) return undefined;
  const [fromHour = 0, fromRest = 0, untilHour = 0, untilRest = 0] = found.slice(1).map(Number);
  const [fromMinute, untilMinute] = [fromHour * 60 + fromRest, untilHour * 60 + untilRest];
  if (fromRest > 59 || untilRest > 59 || fromMinute >= dayMinutes || untilMinute > dayMinutes) return undefined;
  if (fromMinute === untilMinute) return undefined;
  return { fromMinute, untilMinute: fromMinute < untilMinute ? untilMinute : untilMinute + dayMinutes };
}
