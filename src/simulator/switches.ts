import { z } from 'zod';
import { SimulatorError } from './errors.ts';

/** What the platform is not known to do, as settings. Each default is what is thought most likely. */
export const switchesSchema = z.strictObject({
  /** Of an answer that removed all subscriptions. */
  deleteSubscriptionsStatus: z.union([z.literal(200), z.literal(202), z.literal(204)]).default(204),
  /** Whether observations say that a count has fallen to 0. */
  zerosSent: z.boolean().default(true),
  /** Whether a call that alerts at an agent counts as waiting too, beside as alerting. */
  alertingInWaiting: z.boolean().default(false),
  /** What an observations message holds: what changed, or all that is known of its group. */
  metricsPerMessage: z.enum(['changed', 'all']).default('changed'),
  /** What an aggregates query without a result answers: `{"results":[]}` or `{}`. */
  emptyAggregates: z.enum(['results', 'nothing']).default('results'),
  /** Closes the sockets of a token's channels when it ends; they stay unless told. */
  tokenEndCloseCode: z.int().min(1000).max(4999).optional(),
  /** Of a handshake for a channel that is gone or never was. */
  deadChannelStatus: z.union([z.literal(401), z.literal(403), z.literal(404)]).default(404),
  /** How many of the newest events a socket hears again that comes to a channel after another one. */
  duplicatesAfterReconnect: z.int().min(0).max(1000).default(0),
  /** What a combined topic counts against the 1000 of a channel. */
  combinedTopicCounts: z.enum(['each', 'one']).default('each'),
  /** How far the data of detail jobs ends behind now, in milliseconds. */
  detailJobLagMs: z.number().nonnegative().default(3_600_000),
});

export type PlatformSwitches = z.output<typeof switchesSchema>;

/** What each takes, for people. */
const values: Readonly<Record<keyof PlatformSwitches, string>> = {
  deleteSubscriptionsStatus: '200, 202 or 204',
  zerosSent: 'true or false',
  alertingInWaiting: 'true or false',
  metricsPerMessage: 'changed or all',
  emptyAggregates: 'results or nothing',
  tokenEndCloseCode: '1000 to 4999',
  deadChannelStatus: '401, 403 or 404',
  duplicatesAfterReconnect: '0 to 1000',
  combinedTopicCounts: 'each or one',
  detailJobLagMs: '0 or more milliseconds',
};

/**
 * Reads `zerosSent=false,deadChannelStatus=401`; what is not named keeps its default. Throws a `SimulatorError` that names the item
 * and what there is.
 */
export function parseSwitches(text: string): PlatformSwitches {
  const given = text.split(',').map((item) => {
    const [name = '', ...rest] = item.split('=');
    return { item, name: name.trim(), value: rest.join('=').trim() };
  });
  for (const { item, name } of given) {
    const other = given.find((each) => each.name === name && each.item.trim() !== item.trim());
    if (other !== undefined) throw settingError(`"${item}" and "${other.item}" are both given: write one of them.`);
  }
  const parsed = switchesSchema.safeParse(Object.fromEntries(given.map(({ name, value }) => [name, jsonOf(value)])));
  if (parsed.success) return parsed.data;
  const allowed = new Map<string, string>(Object.entries(values));
  for (const { item, name } of given) {
    const wanted = allowed.get(name);
    if (wanted === undefined) {
      throw settingError(`"${item}" is no switch: write name=value, as in zerosSent=false; switches: ${allValues()}.`);
    }
    if (parsed.error.issues.some(({ path }) => path[0] === name)) {
      throw settingError(`"${item}" is no value of ${name}: write ${wanted}.`);
    }
  }
  throw parsed.error;
}

const allValues = () =>
  Object.entries(values)
    .map(([name, wanted]) => `${name} (${wanted})`)
    .join(', ');

const settingError = (message: string) => new SimulatorError('QC_SIMULATOR_SETTING', message);

/** `true` and `5` as what they are, all else as text. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
