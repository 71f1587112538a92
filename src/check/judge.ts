import { z } from 'zod';
import { counted } from '../counted.ts';
import { channelsMax, type Inventory, planChannels, topicsMax, topicsOfQueue } from '../genesys/channel-plan.ts';
import type { GenesysError } from '../genesys/errors.ts';
import { type Answer, headerOf } from '../genesys/http.ts';
import { templateOf, type TopicAnswer, topicCosts, type TopicPermissions } from '../genesys/permissions.ts';
import type { Finding } from './finding.ts';
import type { SocketTrial } from './socket-trial.ts';

/** How far the clocks may be apart: `Date` tells whole seconds, and the way there and back takes its time. */
const skewMsMax = 2_000;
/** The platform's limit for a user and an OAuth client. */
export const channelsOfClient = 20;

/** How an answer came about, in system milliseconds. */
export interface Timed {
  readonly answer: Answer;
  readonly sentMs: number;
  readonly receivedMs: number;
}

/** Compares this machine's clock with the `Date` of an answer. */
export function judgeClock({ answer, sentMs, receivedMs }: Timed): Finding {
  const name = 'clock';
  const dateMs = Date.parse(headerOf(answer, 'date') ?? '');
  if (Number.isNaN(dateMs)) return { name, status: 'ok', told: 'the platform does not tell its time (no Date header)' };
  // A whole second was cut off to half of one on average.
  const aheadMs = (sentMs + receivedMs) / 2 - (dateMs + 500);
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(1);
  const told = `this machine is ${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} the platform, whose Date tells whole seconds`;
  if (Math.abs(aheadMs) <= skewMsMax + (receivedMs - sentMs) / 2) return { name, status: 'ok', told };
  const cost = `waits and ages are wrong by ${seconds} s`;
  return { name, status: 'missing', told, cost, wayOut: 'set the clock by NTP' };
}

/** What answers say of the calls a minute. */
export function judgeRate(answer: Answer): Finding {
  const [allowed, count, reset] = ['allowed', 'count', 'reset'].map((each) =>
    headerOf(answer, `inin-ratelimit-${each}`),
  );
  const isTold = allowed !== null && count !== null;
  const told = isTold
    ? `${count} of ${allowed} calls of this minute are used, the next begins in ${reset ?? '?'} s`
    : 'the platform does not tell its limit; run takes it for 300 calls a minute';
  return { name: 'rate limit', status: 'ok', told };
}

const refusal = z.object({ message: z.string(), messageParams: z.object({ permissions: z.string() }) }).partial();

/** The permissions that a refusal names. */
export function permissionsIn({ text }: Answer): readonly string[] {
  let body: z.infer<typeof refusal> = {};
  try {
    body = refusal.catch({}).parse(JSON.parse(text));
  } catch {
    // A gateway in front may answer with HTML.
  }
  const told = body.messageParams?.permissions ?? body.message ?? '';
  return [...new Set(told.match(/\b[A-Za-z]+:[A-Za-z]+:[A-Za-z]+\b/g) ?? [])];
}

/** What a call that failed means; `needed` = the permission that it is known to need. */
export function judgeFailure(
  { name, cost, needed }: { readonly name: string; readonly cost: string; readonly needed: readonly string[] },
  error: GenesysError,
  answer: Answer | undefined,
): Finding {
  if (error.code !== 'QC_GENESYS_PERMISSION') return { name, status: 'failed', told: error.message, cost };
  const named = answer === undefined ? [] : permissionsIn(answer);
  return { name, status: 'missing', told: 'refused', cost, permissions: named.length === 0 ? needed : named };
}

/** What a subscription answered for one topic of each kind. */
export function judgeTopics(answers: readonly TopicAnswer[], needed: TopicPermissions): readonly Finding[] {
  return answers.map(({ id, state, missingPermissions, rejectionReason }) => {
    const template = templateOf(id);
    const name = `topic ${template.slice(template.lastIndexOf('.') + 1)}`;
    const permissions = missingPermissions ?? needed.get(template) ?? [];
    const known = needed.get(template);
    const told = known === undefined ? 'what it needs is not told' : `needs ${known.join(' and ') || 'no permission'}`;
    if (state !== 'Rejected') return { name, status: 'ok', told: `${template} is heard; ${told}` };
    const cost = topicCosts[template] ?? 'nothing is heard of it';
    const why = rejectionReason === undefined ? 'refused' : `refused (${rejectionReason})`;
    return { name, status: 'missing', told: `${template} is ${why}; ${told}`, cost, permissions };
  });
}

/** What became of a socket. Its address is as secret as the channel's id: only the host is told. */
export function judgeSocket(connectUri: string, { isOpen, cause }: SocketTrial): Finding {
  const { protocol, host } = new URL(connectUri);
  const place = `${protocol}//${host}`;
  const name = 'websocket';
  if (cause === null) return { name, status: 'ok', told: `${place}: opened, and speaks` };
  const told = `${place}: ${isOpen ? 'opened, then' : 'not opened:'} ${cause}`;
  const wayOut = `let WebSocket connections to ${host} through the firewall, or name a proxy that lets them through in HTTPS_PROXY`;
  return { name, status: 'missing', told, cost: 'nothing is heard: run does not start', wayOut };
}

/** What an inventory needs of the limits. */
export function figuresOf(inventory: Inventory) {
  const [queues, agents] = [inventory.queueIds.length, inventory.userIds.length];
  const topics = queues * topicsOfQueue + agents;
  const channels = planChannels(inventory)?.length ?? null;
  return { queues, topicsPerQueue: topicsOfQueue, agents, topicsPerAgent: 1, topics, topicsMax, channels, channelsMax };
}

export type Figures = ReturnType<typeof figuresOf>;

/** `inUse` = channels that this OAuth client has already; null when that was not told. */
export function judgeLimits(figures: Figures, inUse: number | null): readonly Finding[] {
  const { queues, agents, topics, channels } = figures;
  const sum = `${counted(queues, 'queue')} x ${topicsOfQueue} topics + ${counted(agents, 'agent')} x 1 topic = ${counted(topics, 'topic')}, at most ${topicsMax} a channel`;
  const name = 'topics and channels';
  if (channels === null) {
    const told = `${sum}: more than ${channelsMax} channels`;
    const cost = 'run does not start';
    return [{ name, status: 'missing', told, cost, wayOut: "narrow the OAuth client's divisions to fewer queues" }];
  }
  const found: Finding = { name, status: 'ok', told: `${sum}: ${channels} of ${channelsMax} channels` };
  if (inUse === null) return [found];
  const told = `${inUse} of ${channelsOfClient} channels of this OAuth client are there already`;
  const isTight = inUse + channels > channelsOfClient;
  const crowded = `${told}: the platform will end the oldest, those without a socket first`;
  return [found, { name: 'channels of the client', status: 'ok', told: isTight ? crowded : told }];
}
