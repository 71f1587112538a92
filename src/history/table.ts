import { addTotals, type IntervalTotals, kpisOf, noTotals } from '../../streams/kpis.ts';
import { compareIds } from '../../streams/aggregates.ts';
import { summaryKpis } from '../../streams/summary.ts';
import { utcOffsetMs } from '../../streams/time-zone.ts';
import { changesClocks, type Question } from './question.ts';
import { isComplete, type Row } from './roll-up.ts';

/** A table whose lines come one by one; widths are known before. */
export interface HistoryTable {
  head(): readonly string[];
  line(row: Row): string;
  /** Totals by queue and media type, if there are more than one, and of all; then what the remarks mean. */
  foot(): readonly string[];
}

const numberTitles = ['offered', 'answered', 'abandoned', 'abandon %', 'service %', 'handle', 'to answer', 'longest'];
const remarks = {
  interpolated: 'interpolated: the platform told nothing; drawn between the neighbours, and in no total',
  'no data': 'no data: the platform told nothing; --fill linear draws a line between the neighbours',
  growing: 'growing: not over, or not for a quarter of an hour, when it was read',
};
type Remark = keyof typeof remarks;

/** `queueNames` are those of all queues that may come. */
export function createHistoryTable(question: Question, queueNames: ReadonlyMap<string, string>): HistoryTable {
  const { granularity, timeZone } = question;
  const local = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
    hourCycle: 'h23',
  });
  const isCalendar = granularity === 'P1D' || granularity === 'P1W';
  const timeTitle = granularity === 'P1D' ? 'day' : granularity === 'P1W' ? 'week of' : 'from';
  const showsOffset = !isCalendar && changesClocks(question);
  const timeWidth = isCalendar ? 10 : showsOffset ? 22 : 16;
  const nameWidth = Math.max('queue'.length, ...Array.from(queueNames.values(), (name) => name.length));
  const mediaWidth = 11;
  const totals = new Map<string, { readonly name: string; readonly mediaType: string; sum: IntervalTotals }>();
  const said = new Set<Remark>();

  const join = (time: string, name: string, media: string, numbers: readonly string[], remark = '') => {
    const cells = numbers.map((cell, index) => cell.padStart(Math.max(8, numberTitles[index]?.length ?? 0)));
    return [time.padEnd(timeWidth), name.padEnd(nameWidth), media.padEnd(mediaWidth), ...cells, remark]
      .join('  ')
      .trimEnd();
  };
  const nameOf = (queueId: string) => queueNames.get(queueId) ?? queueId;
  const timeOf = ({ bucket: { date, startMs } }: Row) => {
    if (date !== null) return date;
    const offset = showsOffset ? offsetText(utcOffsetMs(startMs, timeZone)) : '';
    return `${local.format(startMs).replace(',', '')}${offset}`;
  };

  const numbersOf = ({ totals: known, sums }: Row): readonly string[] => {
    if (known !== null) return numbersOfTotals(known);
    if (sums === null) return numberTitles.map(() => '-');
    const { ahtSeconds, abandonmentRate } = summaryKpis(sums);
    const handle = ahtSeconds === null ? null : ahtSeconds * 1000;
    const counted = [String(sums.conversations), '-', String(sums.abandoned), percent(abandonmentRate)];
    return [...counted, '-', duration(handle), '-', '-'];
  };

  const remarkOf = (row: Row): Remark | undefined => {
    if (!isComplete(row)) return 'growing';
    if (row.sums === null) return 'no data';
    return row.totals === null ? 'interpolated' : undefined;
  };

  return {
    head: () => [join(timeTitle, 'queue', 'media', numberTitles)],
    line(row) {
      const { queueId, mediaType, totals: known } = row;
      if (known !== null) {
        const key = `${queueId}\n${mediaType}`;
        const total = totals.get(key) ?? { name: nameOf(queueId), mediaType, sum: noTotals };
        totals.set(key, total);
        total.sum = addTotals(total.sum, known);
      }
      const remark = remarkOf(row);
      if (remark !== undefined) said.add(remark);
      return join(timeOf(row), nameOf(queueId), mediaType, numbersOf(row), remark);
    },
    foot() {
      const each = [...totals.values()].sort(
        (a, b) => compareIds(a.name, b.name) || compareIds(a.mediaType, b.mediaType),
      );
      const all = each.reduce((sum, total) => addTotals(sum, total.sum), noTotals);
      const lines = each.map(({ name, mediaType, sum }) => join('total', name, mediaType, numbersOfTotals(sum)));
      return [
        '',
        ...(lines.length > 1 ? lines : []),
        join('total', lines.length > 1 ? 'all' : (each[0]?.name ?? 'all'), '', numbersOfTotals(all)),
        ...(said.size === 0 ? [] : ['']),
        ...Object.entries(remarks).flatMap(([remark, meaning]) =>
          [...said].some((each) => each === remark) ? [meaning] : [],
        ),
      ];
    },
  };
}

function numbersOfTotals(totals: IntervalTotals): readonly string[] {
  const kpis = kpisOf(totals);
  return [
    ...[String(totals.offered), String(totals.answered), String(totals.abandoned)],
    ...[percent(kpis.abandonmentRate), percent(kpis.serviceLevel)],
    ...[duration(kpis.handleMsMean), duration(kpis.answerMsMean), duration(totals.waitMsMax)],
  ];
}

const percent = (share: number | null): string => (share === null ? '-' : (share * 100).toFixed(1));

/** `+01:00`. */
function offsetText(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** `m:ss`, or `h:mm:ss`. */
function duration(ms: number | null): string {
  if (ms === null) return '-';
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours === 0 ? `${minutes}:${two(seconds % 60)}` : `${hours}:${two(minutes)}:${two(seconds % 60)}`;
}
