import { refusal, type Caller, type Routes } from './access.ts';
import { channelLimits } from './channels.ts';
import { listing, listOf, notFound, ok, type RestRequest, type RouteAnswer } from './rest.ts';
import { division, language, presences, skillNameOf, wrapUpCodes, type Ability, type Roster } from './roster.ts';
import { topicPermissions, topicTemplates } from './topics.ts';

type Named = Pick<Ability, 'id' | 'name'>;
type Route = (request: RestRequest, caller: Caller) => RouteAnswer;

/** Answers about what the organisation has defined: skills, languages, codes, presences, limits, topics. */
export function createCatalog(roster: Roster, requestsPerMinute: number): Routes {
  const defined = (kind: 'skills' | 'languages', all: readonly Named[]) =>
    Array.from(new Map(all.map(({ id, name }) => [id, name])), ([id, name]) => ({
      id,
      name,
      state: 'active',
      selfUri: `/api/v2/routing/${kind}/${id}`,
    }));
  const skills = defined('skills', [
    ...roster.queues.map(({ name, skillId: id }) => ({ id, name: skillNameOf(name) })),
    ...roster.agents.flatMap((agent) => agent.skills),
  ]);
  const languages = defined('languages', [language, ...roster.agents.flatMap((agent) => agent.languages)]);
  const codes = Object.values(wrapUpCodes).map(({ id, name }) => ({
    id,
    name,
    division,
    selfUri: `/api/v2/routing/wrapupcodes/${id}`,
  }));
  const presenceDefinitions = Object.values(presences).map(({ id, label }) => ({
    id,
    type: 'System',
    languageLabels: { en_US: label },
    systemPresence: label,
    divisionId: '*',
    deactivated: false,
    selfUri: `/api/v2/presence/definitions/${id}`,
  }));

  const routes: Readonly<Record<string, Route>> = {
    '/api/v2/routing/skills': (request, caller) => refusal(caller, 'routing:skill:view') ?? listing(request, skills),
    '/api/v2/routing/languages': (request) => listing(request, languages),
    '/api/v2/routing/wrapupcodes': (request, caller) =>
      refusal(caller, 'routing:wrapupCode:view') ?? listing(request, codes),
    '/api/v2/presence/definitions': (request, caller) =>
      refusal(caller, 'presence:presenceDefinition:view') ??
      ok({ total: presenceDefinitions.length, entities: presenceDefinitions, selfUri: request.path }),
    '/api/v2/notifications/availabletopics': listTopics,
  };

  const listQueueCodes = (request: RestRequest, caller: Caller, queueId: string): RouteAnswer => {
    const refused = refusal(caller, 'routing:queue:view');
    if (refused !== undefined) return refused;
    return roster.queues.some(({ id }) => id === queueId) ? listing(request, codes) : notFound(`Queue ${queueId}`);
  };

  return {
    answer(request, caller) {
      const { method, path } = request;
      if (method !== 'GET') return undefined;
      const route = routes[path];
      if (route !== undefined) return route(request, caller);
      const queueId = /^\/api\/v2\/routing\/queues\/([^/]+)\/wrapupcodes$/.exec(path)?.[1];
      if (queueId !== undefined) return listQueueCodes(request, caller, queueId);
      const namespace = /^\/api\/v2\/organizations\/limits\/namespaces\/([^/]+)$/.exec(path)?.[1];
      return namespace === undefined ? undefined : limitsOf(namespace, requestsPerMinute);
    },
  };
}

function limitsOf(namespace: string, requestsPerMinute: number): RouteAnswer {
  const namespaces: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    'platform.api': {
      'client.credentials.token.rate.per.minute': requestsPerMinute,
      'org.app.user.rate.per.minute': requestsPerMinute,
      'org.user.rate.per.minute': 10 * requestsPerMinute,
    },
    notifications: {
      'channels.per.user.per.app': channelLimits.channelsPerClient,
      'subscriptions.per.channel': channelLimits.topicsPerChannel,
    },
    analytics: { 'query.details.results.max': 100_000 },
    'analytics.realtime': { 'query.rate.per.minute': requestsPerMinute },
  };
  const limits = namespaces[namespace];
  if (limits === undefined) return notFound(`Namespace ${namespace}`);
  return ok({ entities: Object.entries(limits).map(([key, value]) => ({ key, namespace, value })) });
}

/** The topics that exist here, with as much about each as was asked for. */
function listTopics(request: RestRequest): RouteAnswer {
  const expand = listOf(request.query, 'expand');
  return ok({
    entities: topicTemplates().map((topic) => {
      const permissions = topicPermissions(topic);
      const expansions: Readonly<Record<string, unknown>> = {
        description: `Changes of ${topic.kind}`,
        enforced: true,
        schema: { type: 'object' },
        visibility: 'Public',
        transports: ['Websocket'],
        publicApiTemplateUriPaths: [],
        requiresPermissions: permissions,
        permissionDetails:
          permissions.length === 0
            ? []
            : [{ type: 'requiresPermissions', permissions, allowsCurrentUser: false, enforced: true }],
        topicParameters: ['id'],
      };
      const shown = Object.entries(expansions).filter(([name]) => expand.includes(name));
      return { id: topic.name, ...Object.fromEntries(shown) };
    }),
  });
}
