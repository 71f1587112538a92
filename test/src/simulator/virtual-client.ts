import type { CallCenter, CallCenterDriver } from '../../../src/simulator/call-center.ts';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { createPlatform, type Platform, type PlatformOptions } from '../../../src/simulator/platform.ts';
import type { RestAnswer } from '../../../src/simulator/rest.ts';
import { createRoster, idOf } from '../../../src/simulator/roster.ts';

export const startMs = Date.parse('2026-03-02T09:00:00.000Z');
export const sales = idOf('sales');
export const support = idOf('support');
export const ann = idOf('ann');
export const bob = idOf('bob');
export const callId = (name: string) => idOf(`call/${name}`);

/** A call centre of two queues; ann serves both, bob sales alone. */
export const smallRoster = createRoster(
  ['support', 'sales'],
  new Map([
    ['ann', new Set(['sales', 'support'])],
    ['bob', new Set(['sales'])],
  ]),
);

export function scripted(events: readonly CallCenterEvent[], roster = smallRoster): CallCenterDriver {
  return { roster, startMs, endMs: events.at(-1)?.atMs, events };
}

/** The voice calls of a queue. */
export const voiceOf = (center: CallCenter, queueId: string) => center.queues.get(queueId)!.media.get('voice')!;

export interface VirtualClient {
  readonly platform: Platform;
  readonly token: string;
  ask(method: string, target: string, body?: unknown): RestAnswer;
  askAt(nowMs: number, method: string, target: string, body?: unknown): RestAnswer;
}

/** The fields of answers and events that tests read; which of them are there depends on what it is. */
export interface Body {
  readonly id: string;
  readonly name: string;
  readonly access_token: string;
  readonly connectUri: string;
  readonly expires: string;
  readonly message?: string;
  readonly lastUri: string;
  readonly firstUri: string;
  readonly selfUri: string;
  readonly nextUri?: string;
  readonly previousUri?: string;
  readonly entities: readonly Body[];
  readonly results: readonly Body[];
  readonly group: { readonly queueId: string; readonly mediaType?: string };
  readonly data: readonly Body[];
  readonly metrics: readonly Body[];
  readonly interval: string;
  readonly metric: string;
  readonly qualifier?: string;
  readonly stats: Readonly<Record<string, number>>;
  readonly participants: readonly Body[];
  readonly purpose: string;
  readonly connectedTime: string;
  readonly endTime?: string;
  readonly activityDate: string;
  readonly conversationId: string;
  readonly queueId: string;
  readonly userId?: string;
  readonly routingStatus: { readonly status: string; readonly startTime?: string };
  readonly routingStatusDate?: string;
  readonly presence: object;
  readonly skills: readonly Body[];
  readonly proficiency: number;
  readonly systemToOrganizationMappings: Readonly<Record<string, readonly string[]>>;
  readonly code: string;
  readonly conversations?: readonly Body[];
  readonly totalHits: number;
  readonly conversationStart: string;
  readonly conversationEnd?: string;
  readonly sessions: readonly Body[];
  readonly segments: readonly Body[];
  readonly value: number;
  readonly emitDate: string;
  readonly jobId: string;
  readonly state: string;
  readonly cursor?: string;
}

export interface Frame {
  readonly topicName: string;
  readonly eventBody: Body;
}

export const bodyOf = (answer: { readonly body?: unknown }): Body => answer.body as Body;
export const frameOf = (text: string): Frame => JSON.parse(text) as Frame;

export function logIn(platform: Platform, nowMs = startMs, id = 'client', secret = 'secret'): RestAnswer {
  return platform.handle(
    {
      method: 'POST',
      path: '/oauth/token',
      query: new URLSearchParams(),
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: 'grant_type=client_credentials',
    },
    nowMs,
  );
}

/** A platform with one client that is logged in. */
export function connectClient(driver: CallCenterDriver, options: Partial<PlatformOptions> = {}): VirtualClient {
  const platform = createPlatform({ driver, clients: [{ id: 'client', secret: 'secret' }], ...options });
  return clientOf(platform);
}

export function clientOf(platform: Platform, id = 'client', secret = 'secret', nowMs = startMs): VirtualClient {
  const token = bodyOf(logIn(platform, nowMs, id, secret)).access_token;
  const askAt = (nowMs: number, method: string, target: string, body?: unknown): RestAnswer => {
    const { pathname, searchParams } = new URL(target, 'http://sim.test');
    const headers = { authorization: `Bearer ${token}`, host: 'sim.test:8080' };
    const text = body === undefined ? '' : JSON.stringify(body);
    return platform.handle({ method, path: pathname, query: searchParams, headers, body: text }, nowMs);
  };
  return { platform, token, askAt, ask: (method, target, body) => askAt(startMs, method, target, body) };
}

/** A channel with topics and a socket whose frames are collected. */
export function listen(client: VirtualClient, topics: readonly string[], nowMs = startMs) {
  const channel = bodyOf(client.askAt(nowMs, 'POST', '/api/v2/notifications/channels'));
  const subscribed = client.askAt(
    nowMs,
    'POST',
    `/api/v2/notifications/channels/${channel.id}/subscriptions`,
    topics.map((id) => ({ id })),
  );
  const frames: { atMs?: number; frame: Frame }[] = [];
  const closes: number[] = [];
  const socket = client.platform.openSocket(
    channel.id,
    (text) => frames.push({ frame: frameOf(text) }),
    (code) => closes.push(code),
    nowMs,
  );
  if (socket.status !== 101) throw new Error(`status ${socket.status}`);
  return { channelId: channel.id, subscribed, frames, closes, socket };
}

export const observations = (queueId: string) => `v2.analytics.queues.${queueId}.observations`;
export const conversations = (queueId: string) => `v2.routing.queues.${queueId}.conversations`;
export const activity = (userId: string) => `v2.users.${userId}.activity`;
