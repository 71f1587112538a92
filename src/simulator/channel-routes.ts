import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import type { Caller } from './access.ts';
import { channelLimits, type Channel, type ChannelRegistry } from './channels.ts';
import type { Notifications } from './notifications.ts';
import { badRequest, forbidden, notFound, ok, readBody, type RestRequest, type RouteAnswer } from './rest.ts';
import { parseTopic, topicPermissions, type Topic } from './topics.ts';
import type { PlatformSwitches } from './switches.ts';
import { isoTime } from './wire.ts';

const root = '/api/v2/notifications/channels';
const topicsSchema = z.array(z.object({ id: z.string() }));

/** A topic that was not subscribed, as the listing shows it. */
interface Rejection {
  readonly id: string;
  readonly state: 'Rejected';
  readonly rejectionReason: string;
  readonly missingPermissions?: readonly string[];
}

/** Answers about channels and their subscriptions; undefined if the path is none of these. */
export interface ChannelRoutes {
  answer(request: RestRequest, caller: Caller, nowMs: EpochMs): RouteAnswer | undefined;
  /** Adds topics to a channel, or keeps only them; all or nothing unless errors are to be ignored. */
  subscribe(
    channel: Channel,
    names: readonly string[],
    how: { readonly replace: boolean; readonly ignoreErrors: boolean },
    nowMs: EpochMs,
  ): RouteAnswer;
}

export function createChannelRoutes(
  registry: ChannelRegistry,
  watch: Notifications['watch'],
  switches: Pick<PlatformSwitches, 'combinedTopicCounts' | 'deleteSubscriptionsStatus'>,
): ChannelRoutes {
  const topicBody = (channel: Channel, id: string) => ({
    id,
    state: 'Permitted',
    selfUri: `${root}/${channel.id}/subscriptions/${encodeURIComponent(id)}`,
  });

  const subscriptions = (channel: Channel, rejections: readonly Rejection[] = []) =>
    ok({ entities: [...Array.from(channel.requested.keys(), (id) => topicBody(channel, id)), ...rejections] });

  const setRequested = (channel: Channel, requested: Map<string, readonly Topic[]>, nowMs: EpochMs): void => {
    const watches = new Map<string, Channel['watches'] extends Map<string, infer W> ? W : never>();
    for (const topic of [...requested.values()].flat()) {
      watches.set(topic.name, channel.watches.get(topic.name) ?? watch(topic, nowMs));
    }
    channel.requested = requested;
    channel.watches = watches;
  };

  const subscribe: ChannelRoutes['subscribe'] = (channel, names, { replace, ignoreErrors }, nowMs) => {
    const requested = new Map(replace ? [] : channel.requested);
    const rejections: Rejection[] = [];
    for (const id of names) {
      const topics = parseTopic(id);
      if (topics === undefined) {
        if (!ignoreErrors) return badRequest(`Topic ${id} is not known.`);
        rejections.push({ id, state: 'Rejected', rejectionReason: `Topic ${id} is not known.` });
        continue;
      }
      const missing = topics.flatMap(topicPermissions).filter((each) => !channel.owner.permissions.has(each));
      if (missing.length === 0) {
        requested.set(id, topics);
        continue;
      }
      const missingPermissions = [...new Set(missing)];
      if (!ignoreErrors) return forbidden(missingPermissions);
      rejections.push({ id, state: 'Rejected', rejectionReason: 'Permissions are missing.', missingPermissions });
    }
    const topicCount =
      switches.combinedTopicCounts === 'one'
        ? requested.size
        : new Set([...requested.values()].flat().map(({ name }) => name)).size;
    if (topicCount > channelLimits.topicsPerChannel) {
      return badRequest(`A channel takes at most ${channelLimits.topicsPerChannel} topics, not ${topicCount}.`);
    }
    setRequested(channel, requested, nowMs);
    channel.expiresMs = nowMs + channelLimits.lifeMs;
    return subscriptions(channel, rejections);
  };

  const channelBody = ({ id, expiresMs }: Channel, host: string) => ({
    connectUri: `ws://${host}/channels/${id}`,
    id,
    expires: isoTime(expiresMs),
  });

  const answerSubscriptions = (request: RestRequest, channel: Channel, nowMs: EpochMs): RouteAnswer | undefined => {
    switch (request.method) {
      case 'GET':
        return subscriptions(channel);
      case 'POST':
      case 'PUT': {
        const read = readBody(topicsSchema, request.body);
        if ('refused' in read) return read.refused;
        const ignoreErrors = request.query.get('ignoreErrors') === 'true';
        const names = read.value.map(({ id }) => id);
        return subscribe(channel, names, { replace: request.method === 'PUT', ignoreErrors }, nowMs);
      }
      case 'DELETE':
        setRequested(channel, new Map(), nowMs);
        return { status: switches.deleteSubscriptionsStatus };
      default:
        return undefined;
    }
  };

  return {
    subscribe,
    answer(request, caller, nowMs) {
      const { method, path, query, headers } = request;
      const host = headers['host'] ?? 'localhost';
      const own = [...registry.all.values()].filter(({ owner }) => owner.clientId === caller.clientId);
      if (path === root && method === 'POST') return ok(channelBody(registry.create(caller, nowMs), host));
      if (path === root && method === 'GET') {
        const byClient = query.get('includechannels') === 'oauthclient';
        const shown = own.filter(({ owner }) => byClient || owner.token === caller.token);
        return ok({
          // A channel of another token is listed without its id, for the id alone is enough to listen.
          entities: shown.map((channel) =>
            channel.owner.token === caller.token
              ? channelBody(channel, host)
              : { id: '', expires: isoTime(channel.expiresMs) },
          ),
        });
      }
      const [, id, subscriptionsPart] =
        /^\/api\/v2\/notifications\/channels\/([^/]+)(\/subscriptions)?$/.exec(path) ?? [];
      if (id === undefined) return undefined;
      const channel = own.find((each) => each.id === id);
      if (channel === undefined) return notFound('Channel');
      if (subscriptionsPart !== undefined) return answerSubscriptions(request, channel, nowMs);
      return method === 'HEAD' ? { status: 200 } : undefined;
    },
  };
}
