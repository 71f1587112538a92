import { describe, expect, test } from 'vitest';
import { ann, bob, bodyOf, connectClient, observations, sales, scripted } from './virtual-client.ts';

const idle = scripted([]);
const poor = { clients: [{ id: 'client', secret: 'secret', permissions: [] }] };

describe('what the organisation has defined', () => {
  test.each([
    ['/api/v2/routing/skills', ['Calls of sales', 'Calls of support']],
    ['/api/v2/routing/languages', ['Invented Language']],
    ['/api/v2/routing/wrapupcodes', ['Invented Solved', 'Invented Unsolved', 'Invented Transfer']],
    [`/api/v2/routing/queues/${sales}/wrapupcodes`, ['Invented Solved', 'Invented Unsolved', 'Invented Transfer']],
    [`/api/v2/users/${ann}/queues`, ['sales', 'support']],
    [`/api/v2/users/${bob}/queues`, ['sales']],
    [`/api/v2/users/${ann}/routingskills`, ['Calls of sales', 'Calls of support']],
    [`/api/v2/users/${ann}/routinglanguages`, ['Invented Language']],
  ])('%s is a listing', (path, expected) => {
    const { entities, ...page } = bodyOf(connectClient(idle).ask('GET', path));
    expect(entities.map(({ name }) => name)).toEqual(expected);
    expect(page).toMatchObject({ pageNumber: 1, pageSize: 25, total: expected.length });
  });

  test('has presence definitions with the ids that the observations count by', () => {
    const { entities } = bodyOf(connectClient(idle).ask('GET', '/api/v2/presence/definitions'));
    expect(entities).toContainEqual(
      expect.objectContaining({ id: 'e08eaf1b-ee47-4fa9-a231-1200e284798f', systemPresence: 'On Queue' }),
    );
  });

  test('has limits by namespace, for everybody', () => {
    const client = connectClient(idle, { ...poor, requestsPerMinute: 90 });
    const { entities } = bodyOf(client.ask('GET', '/api/v2/organizations/limits/namespaces/platform.api'));
    expect(entities).toContainEqual({
      key: 'client.credentials.token.rate.per.minute',
      namespace: 'platform.api',
      value: 90,
    });
    expect(client.ask('GET', '/api/v2/organizations/limits/namespaces/nothing').status).toBe(404);
  });

  test('what belongs to a queue or a user that nobody knows is not found', () => {
    const client = connectClient(idle);
    expect(client.ask('GET', `/api/v2/routing/queues/${ann}/wrapupcodes`).status).toBe(404);
    expect(client.ask('GET', `/api/v2/routing/queues/${ann}/estimatedwaittime`).status).toBe(404);
    expect(client.ask('GET', `/api/v2/users/${sales}/queues`).status).toBe(404);
  });
});

describe('available topics', () => {
  test('are named without expansion, and say with it what they need', () => {
    const client = connectClient(idle, poor);
    const target = '/api/v2/notifications/availabletopics';
    expect(bodyOf(client.ask('GET', target)).entities).toContainEqual({ id: observations('{id}') });
    const { entities } = bodyOf(client.ask('GET', `${target}?expand=requiresPermissions,permissionDetails,visibility`));
    const permissions = ['analytics:queueObservation:view', 'analytics:conversationAggregate:view'];
    expect(entities).toContainEqual({
      id: observations('{id}'),
      visibility: 'Public',
      requiresPermissions: permissions,
      permissionDetails: [{ type: 'requiresPermissions', permissions, allowsCurrentUser: false, enforced: true }],
    });
    expect(entities).toContainEqual(
      expect.objectContaining({ id: 'v2.users.{id}.activity', requiresPermissions: [], permissionDetails: [] }),
    );
  });
});

describe('the token of the caller', () => {
  test('is valid until it is deleted; other tokens of the client stay', () => {
    const client = connectClient(idle);
    expect(client.ask('HEAD', '/api/v2/tokens/me')).toMatchObject({ status: 200 });
    expect(client.ask('DELETE', '/api/v2/tokens/me')).toMatchObject({ status: 200 });
    expect(client.ask('HEAD', '/api/v2/tokens/me')).toMatchObject({ status: 401 });
  });
});

describe('permissions', () => {
  test.each([
    ['GET', '/api/v2/routing/skills', 'routing:skill:view'],
    ['GET', '/api/v2/routing/wrapupcodes', 'routing:wrapupCode:view'],
    ['GET', `/api/v2/routing/queues/${sales}/wrapupcodes`, 'routing:queue:view'],
    ['GET', `/api/v2/routing/queues/${sales}/estimatedwaittime`, 'routing:queue:view'],
    ['GET', `/api/v2/routing/queues/${sales}/mediatypes/call/estimatedwaittime`, 'routing:queue:view'],
    ['GET', `/api/v2/users/${ann}/queues`, 'routing:queue:view'],
    ['GET', '/api/v2/presence/definitions', 'presence:presenceDefinition:view'],
    ['POST', '/api/v2/analytics/users/observations/query', 'analytics:userObservation:view'],
    ['POST', '/api/v2/analytics/users/activity/query', 'analytics:userObservation:view'],
    ['POST', '/api/v2/analytics/users/aggregates/query', 'analytics:userAggregate:view'],
    ['POST', '/api/v2/analytics/conversations/aggregates/query', 'analytics:conversationAggregate:view'],
    ['POST', '/api/v2/analytics/conversations/aggregates/jobs', 'analytics:conversationAggregate:view'],
    ['POST', '/api/v2/analytics/surveys/aggregates/query', 'analytics:surveyAggregate:view'],
    ['GET', '/api/v2/analytics/conversations/details/jobs/availability', 'analytics:conversationDetail:view'],
  ])('%s %s needs %s', (method, path, permission) => {
    expect(connectClient(idle, poor).ask(method, path, {})).toMatchObject({
      status: 403,
      body: { code: 'missing.permissions', messageParams: { permissions: permission } },
    });
    const clients = [{ id: 'client', secret: 'secret', permissions: [permission] }];
    expect(connectClient(idle, { clients }).ask(method, path, {}).status).not.toBe(403);
  });

  test('for detail queries are any of two', () => {
    const ask = (permissions: readonly string[]) =>
      connectClient(idle, { clients: [{ id: 'client', secret: 'secret', permissions }] }).ask(
        'POST',
        '/api/v2/analytics/conversations/details/query',
        {},
      );
    expect(ask([])).toMatchObject({ status: 403, body: { code: 'missing.any.permissions' } });
    expect(ask(['analytics:agentConversationDetail:view']).status).toBe(400);
  });

  test.each(['routing/languages', `users/${ann}/routingskills`, `users/${ann}/routingstatus`, 'organizations/me'])(
    'are not needed for %s',
    (path) => {
      expect(connectClient(idle, poor).ask('GET', `/api/v2/${path}`).status).toBe(200);
    },
  );
});
