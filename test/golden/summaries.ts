import { z } from 'zod';
import { aggregatesPage } from '../../streams/aggregates.ts';
import { dayAt, weekAt } from '../../streams/calendar.ts';
import { backfill, flattenDaily, summaryKpis } from '../../streams/summary.ts';
import { differenceOf, type GoldenKind } from './kind.ts';

const amount = z.number().nullish();
const kpiInput = z
  .strictObject({
    conversations: amount,
    abandoned: amount,
    talkSeconds: amount,
    holdSeconds: amount,
    workSeconds: amount,
  })
  .transform((sums) => ({
    conversations: sums.conversations ?? 0,
    abandoned: sums.abandoned ?? 0,
    talkSeconds: sums.talkSeconds ?? 0,
    holdSeconds: sums.holdSeconds ?? 0,
    workSeconds: sums.workSeconds ?? 0,
  }));
const bucketInput = z.strictObject({ time: z.iso.datetime(), timezone: z.string() });
const flattenInput = z.strictObject({
  timezone: z.string(),
  queueNames: z.record(z.string(), z.string()).default({}),
  response: aggregatesPage,
});
const backfillInput = z.strictObject({
  granularity: z.enum(['day', 'week']),
  timezone: z.string(),
  from: z.iso.date().nullish(),
  to: z.iso.date().nullish(),
  records: z.array(
    z.strictObject({
      start: z.iso.datetime({ offset: true }),
      queueId: z.string().nullable(),
      queueName: z.string().nullish(),
      conversations: amount,
      abandoned: amount,
      talkSeconds: amount,
      holdSeconds: amount,
      workSeconds: amount,
    }),
  ),
});

export const summaries: GoldenKind = {
  kind: 'summaries',
  runCase: ({ type, input, expected }) =>
    differenceOf(expected, compute(type, input), { ahtSeconds: 1e-9, answerRate: 1e-9, abandonmentRate: 1e-9 }),
};

function compute(type: string | undefined, input: unknown): unknown {
  switch (type) {
    case 'kpi':
      return summaryKpis(kpiInput.parse(input));
    case 'bucket':
      return bucket(bucketInput.parse(input));
    case 'flatten': {
      const { timezone, queueNames, response } = flattenInput.parse(input);
      return flattenDaily(response, timezone, new Map(Object.entries(queueNames)));
    }
    case 'backfill': {
      const { granularity, timezone: timeZone, from, to, records } = backfillInput.parse(input);
      const started = records.map(({ start, ...record }) => ({ ...record, startMs: Date.parse(start) }));
      return backfill(started, { granularity, timeZone, from: from ?? undefined, to: to ?? undefined });
    }
    case undefined:
    default:
      throw new Error(`has the unknown type '${String(type)}'; known: kpi, bucket, flatten, backfill`);
  }
}

function bucket({ time, timezone }: z.infer<typeof bucketInput>) {
  const day = dayAt(Date.parse(time), timezone);
  const week = weekAt(Date.parse(time), timezone);
  return {
    day: day.date,
    dayStart: iso(day.startMs),
    dayEnd: iso(day.endMs),
    dayHours: (day.endMs - day.startMs) / 3_600_000,
    weekStart: week.date,
    weekEnd: week.lastDate,
    weekStartTime: iso(week.startMs),
    weekEndTime: iso(week.endMs),
    isoWeek: week.isoWeek,
  };
}

const iso = (ms: number) => new Date(ms).toISOString();
