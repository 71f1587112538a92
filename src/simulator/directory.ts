import type { Caller } from './access.ts';
import type { Agent } from './agent.ts';
import type { CallCenter } from './call-center.ts';
import { settingNameOf, mediaTypes } from './media.ts';
import { presenceOf } from './observations.ts';
import { cutPage, forbidden, listing, listOf, notFound, ok, type RestRequest, type RouteAnswer } from './rest.ts';
import { division, organization, type Ability, type RosterAgent, type RosterQueue } from './roster.ts';
import { restPresenceBody, routingStatusBody } from './wire.ts';

/** Answers about the organisation, its queues and its users; undefined if the path is none of these. */
export interface Directory {
  answer(request: RestRequest, caller: Caller): RouteAnswer | undefined;
}

const memberPermissions = [
  'routing:queue:view',
  'routing:queue:edit',
  'routing:queue:readonly',
  'routing:queueMember:manage',
];

export function createDirectory(center: CallCenter): Directory {
  const { roster } = center;
  const acdAutoAnswer = roster.queues.every(({ autoAnswer }) => autoAnswer);
  const rosterAgents = new Map(roster.agents.map((agent) => [agent.id, agent]));

  const queueBody = (queue: RosterQueue) => {
    const members = center.queues.get(queue.id)?.members.length ?? 0;
    return {
      id: queue.id,
      name: queue.name,
      division,
      memberCount: members,
      userMemberCount: members,
      joinedMemberCount: members,
      mediaSettings: mediaSettingsOf(queue),
      routingRules: [],
      scoringMethod: 'TimestampAndPriority',
      skillEvaluationMethod: 'ALL',
      lastAgentRoutingMode: 'Disabled',
      acwSettings: { wrapupPrompt: queue.wrapupPrompt },
      selfUri: `/api/v2/routing/queues/${queue.id}`,
    };
  };

  const skillsOf = ({ skills }: RosterAgent) =>
    skills.map((skill) => ({ ...abilityBody(skill), skillUri: `/api/v2/routing/skills/${skill.id}` }));
  const languagesOf = ({ languages }: RosterAgent) =>
    languages.map((each) => ({ ...abilityBody(each), languageUri: `/api/v2/routing/languages/${each.id}` }));

  const expansions: Readonly<Record<string, (agent: RosterAgent, state: Agent) => unknown>> = {
    routingStatus: (_, state) => routingStatusBody(state),
    presence: (_, state) => restPresenceBody(state),
    skills: skillsOf,
    languages: languagesOf,
  };

  const userBody = (agent: RosterAgent, expand: readonly string[]) => {
    const state = center.agents.get(agent.id);
    const expanded = expand.flatMap((name) => {
      const expansion = expansions[name];
      return state === undefined || expansion === undefined ? [] : [[name, expansion(agent, state)] as const];
    });
    return {
      id: agent.id,
      name: agent.name,
      state: 'active',
      version: 1,
      acdAutoAnswer,
      division: { id: division.id },
      selfUri: `/api/v2/users/${agent.id}`,
      ...Object.fromEntries(expanded),
    };
  };

  const listQueues = (request: RestRequest): RouteAnswer => {
    const { query } = request;
    const ids = new Set(listOf(query, 'id'));
    const divisions = listOf(query, 'divisionId');
    const name = query.get('name');
    const pattern = name === null ? undefined : wildcard(name);
    const found = roster.queues.filter(
      (queue) =>
        (ids.size === 0 || ids.has(queue.id)) &&
        (divisions.length === 0 || divisions.includes(division.id)) &&
        (pattern === undefined || pattern.test(queue.name)),
    );
    const sorted = query.get('sortOrder')?.toLowerCase() === 'desc' ? found.reverse() : found;
    return listing(request, sorted, queueBody);
  };

  /** Unlike other listings this one tells neither the total nor the number of pages. */
  const listMembers = (request: RestRequest, queueId: string): RouteAnswer => {
    const queue = center.queues.get(queueId);
    if (queue === undefined) return notFound(`Queue ${queueId}`);
    const expand = listOf(request.query, 'expand');
    const asked = memberFilter(request.query);
    const found = queue.members.filter((member) => asked(member, rosterAgents.get(member.id)));
    const cut = cutPage(request, found);
    if ('refused' in cut) return cut.refused;
    const { entities, pageNumber, pageSize, pageCount, uriOf } = cut.page;
    return ok({
      entities: entities.map((member) => {
        const agent = rosterAgents.get(member.id);
        const user = agent === undefined ? { id: member.id } : userBody(agent, expand);
        return {
          id: member.id,
          name: agent?.name,
          user,
          ringNumber: 1,
          joined: true,
          memberBy: 'user',
          ...(expand.includes('routingStatus') ? { routingStatus: routingStatusBody(member) } : {}),
          selfUri: `/api/v2/routing/queues/${queueId}/members/${member.id}`,
        };
      }),
      pageNumber,
      pageSize,
      ...(pageNumber < pageCount ? { nextUri: uriOf(pageNumber + 1) } : {}),
    });
  };

  const listUsers = (request: RestRequest): RouteAnswer => {
    const ids = new Set(listOf(request.query, 'id'));
    const state = request.query.get('state') ?? 'active';
    const found = roster.agents.filter((agent) => ids.size === 0 || ids.has(agent.id));
    const expand = listOf(request.query, 'expand');
    const shown = state === 'active' || state === 'any' ? found : [];
    return listing(request, shown, (agent) => userBody(agent, expand));
  };

  const queueAnswer = (request: RestRequest, caller: Caller, id: string | undefined, rest: string | undefined) => {
    if (rest === 'members') {
      if (!memberPermissions.some((each) => caller.permissions.has(each))) return forbidden(memberPermissions, true);
      return listMembers(request, id ?? '');
    }
    if (rest !== undefined) return undefined;
    if (!caller.permissions.has('routing:queue:view')) return forbidden(['routing:queue:view']);
    if (id === undefined) return listQueues(request);
    const queue = roster.queues.find((each) => each.id === id);
    return queue === undefined ? notFound(`Queue ${id}`) : ok(queueBody(queue));
  };

  const userAnswer = (request: RestRequest, id: string | undefined, rest: string | undefined) => {
    if (id === undefined) return listUsers(request);
    const agent = rosterAgents.get(id);
    const state = center.agents.get(id);
    if (agent === undefined || state === undefined) return notFound(`User ${id}`);
    if (rest === 'routingstatus') return ok(routingStatusBody(state));
    if (rest === 'routingskills') return listing(request, skillsOf(agent));
    if (rest === 'routinglanguages') return listing(request, languagesOf(agent));
    return rest === undefined ? ok(userBody(agent, listOf(request.query, 'expand'))) : undefined;
  };

  return {
    answer(request, caller) {
      const { method, path } = request;
      if (method !== 'GET') return undefined;
      if (path === '/api/v2/organizations/me') {
        return ok({ ...organization, domain: 'invented-bank', state: 'active', version: 1, selfUri: path });
      }
      const [, collection, id, rest] =
        /^\/api\/v2\/(routing\/queues|users)(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(path) ?? [];
      if (collection === 'routing/queues') return queueAnswer(request, caller, id, rest);
      if (collection === 'users') return userAnswer(request, id, rest);
      return undefined;
    },
  };
}

/** Sockets say ON_QUEUE and REST says `On Queue`: a query may say either. */
const plain = (name: string) => name.toLowerCase().replaceAll(/[ _]/g, '');

/** What a query asks of the members of a queue, all of it together; of each list one is enough. */
function memberFilter(query: URLSearchParams): (state: Agent, agent: RosterAgent | undefined) => boolean {
  const isAsked = (name: string, has: readonly string[]) => {
    const wanted = listOf(query, name).map(plain);
    return wanted.length === 0 || has.some((each) => wanted.includes(plain(each)));
  };
  const namesOf = (abilities: readonly Ability[] = []) => abilities.flatMap(({ id, name }) => [id, name]);
  const name = query.get('name');
  const pattern = name === null || name === '' ? undefined : wildcard(name);
  const isNoneAsked = query.get('joined')?.toLowerCase() === 'false';
  return (state, agent) => {
    const presence = presenceOf(state);
    return (
      !isNoneAsked &&
      isAsked('memberBy', ['user']) &&
      isAsked('routingStatus', [state.status]) &&
      isAsked('presence', [presence.id, presence.system, presence.label]) &&
      isAsked('skills', namesOf(agent?.skills)) &&
      isAsked('languages', namesOf(agent?.languages)) &&
      // Nobody here has a skill in a profile.
      isAsked('profileSkills', []) &&
      (pattern === undefined || pattern.test(agent?.name ?? ''))
    );
  };
}

function mediaSettingsOf({ media, autoAnswer }: RosterQueue): object {
  const settings = mediaTypes.flatMap((mediaType) => {
    const own = media[mediaType];
    return own === undefined ? [] : [[settingNameOf(mediaType), { enableAutoAnswer: autoAnswer, ...own }] as const];
  });
  return Object.fromEntries(settings);
}

function abilityBody({ id, name, proficiency }: Ability): object {
  return { id, name, proficiency, state: 'active' };
}

/** `Sup*` as a pattern over a whole name, without regard to case. */
function wildcard(text: string): RegExp {
  const escaped = text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`, 'i');
}
