import { z } from 'zod';
import { filterSchema, selects, type Dimensions } from './filter.ts';
import { fieldType } from './rest.ts';

/** The body of an activity query over these metrics. */
export const activitySchema = <const Names extends readonly [string, ...string[]]>(metricNames: Names) =>
  z.object({
    filter: filterSchema.optional(),
    metrics: z
      .array(z.object({ metric: fieldType('Metric', metricNames), details: z.boolean().default(false) }))
      .min(1),
    groupBy: z.array(z.string()).min(1),
    order: fieldType('Order', ['asc', 'desc', 'unordered']).default('unordered'),
  });

/** One thing that an activity query counts: a call at one stage, or a member of a queue. */
export interface Row {
  readonly metric: string;
  readonly qualifier?: string;
  readonly dimensions: Dimensions;
  readonly entityId: string;
  readonly entity: Readonly<Record<string, unknown>> & { readonly activityDate: string };
}

type ActivityQuery = z.output<ReturnType<typeof activitySchema>>;

/** Groups the selected rows. A queue without rows still has its group, with counts of zero. */
export function answerActivity(query: ActivityQuery, groups: readonly Dimensions[], rows: readonly Row[]): object[] {
  const { filter, groupBy, metrics, order } = query;
  const groupOf = (dimensions: Dimensions): Dimensions =>
    Object.fromEntries(
      groupBy.flatMap((dimension) => {
        const value = dimensions[dimension];
        return value === undefined ? [] : [[dimension, value]];
      }),
    );
  const selected = (dimensions: Dimensions) => filter === undefined || selects(filter, dimensions);
  const grouped = new Map<string, { readonly group: Dimensions; readonly rows: Row[] }>();
  const place = (dimensions: Dimensions): Row[] => {
    const group = groupOf(dimensions);
    const key = JSON.stringify(group);
    const entry = grouped.get(key) ?? { group, rows: [] };
    grouped.set(key, entry);
    return entry.rows;
  };
  for (const dimensions of groups) if (selected(dimensions)) place(dimensions);
  for (const row of rows) if (selected(row.dimensions)) place(row.dimensions).push(row);
  return Array.from(grouped.values(), ({ group, rows: members }) => {
    const data = metrics.flatMap(({ metric, details }) => countRows(metric, details, members));
    const entities = metrics
      .filter(({ details }) => details)
      .flatMap(({ metric }) => members.filter((row) => row.metric === metric).map((row) => row.entity));
    if (order !== 'unordered')
      entities.sort((a, b) => (a.activityDate < b.activityDate ? -1 : a.activityDate > b.activityDate ? 1 : 0));
    if (order === 'desc') entities.reverse();
    return { group, truncated: false, data, entities };
  });
}

function countRows(metric: string, details: boolean, members: readonly Row[]): object[] {
  const rows = members.filter((row) => row.metric === metric);
  if (metric.startsWith('oLongest')) {
    const starts = rows.map(({ entity }) => Date.parse(entity.activityDate));
    return starts.length === 0
      ? [{ metric, count: 0 }]
      : [{ metric, count: 1, calculatedMetricValue: Math.min(...starts) }];
  }
  const byQualifier = new Map<string | undefined, Row[]>();
  for (const row of rows) byQualifier.set(row.qualifier, [...(byQualifier.get(row.qualifier) ?? []), row]);
  if (byQualifier.size === 0) return qualifiedMetrics.includes(metric) ? [] : [{ metric, count: 0 }];
  return Array.from(byQualifier, ([qualifier, each]) => ({
    metric,
    ...(qualifier === undefined ? {} : { qualifier }),
    count: each.length,
    ...(details ? { entityIds: each.map((row) => row.entityId) } : {}),
  }));
}

const qualifiedMetrics = ['oOnQueueUsers', 'oOffQueueUsers', 'oUserRoutingStatuses', 'oUserPresences'];
