import { expect, test } from 'vitest';
import { describeRefusals, readTopicPermissions } from '../../../src/genesys/permissions.ts';
import type { Rest } from '../../../src/genesys/rest.ts';

const id = '11111111-1111-4111-8111-111111111111';
const never = new AbortController().signal;
const restOf = (get: () => Promise<unknown>): Rest => ({ get, post: get, put: get, delete: get });

test('a refusal is named by kind of topic, with what is missing and what is lost by it', () => {
  const needed = new Map([['v2.users.{id}.activity', ['presence:userPresence:view']]]);
  const rejected = [
    { id: `v2.routing.queues.${id}.conversations`, missingPermissions: ['conversation:communication:view'] },
    {
      id: `v2.routing.queues.${id.replace('1', '2')}.conversations`,
      missingPermissions: ['conversation:communication:view'],
    },
    { id: `v2.users.${id}.activity` },
  ];
  expect(describeRefusals(rejected, needed)).toEqual([
    '2 topics v2.routing.queues.{id}.conversations are refused for want of conversation:communication:view: who waits since when is not known there',
    '1 topics v2.users.{id}.activity are refused for want of presence:userPresence:view: since when these agents are idle is not known',
  ]);
});

test('what topics need is read from the platform, and is unknown where it does not say', async () => {
  const entities = [
    { id: 'v2.a.{id}.b', requiresPermissions: ['one'], permissionDetails: [{ permissions: ['one', 'two'] }] },
    { id: 'v2.c.{id}.d' },
  ];
  const known = await readTopicPermissions(
    restOf(() => Promise.resolve({ entities })),
    never,
  );
  expect([...known]).toEqual([
    ['v2.a.{id}.b', ['one', 'two']],
    ['v2.c.{id}.d', []],
  ]);
  expect(
    await readTopicPermissions(
      restOf(() => Promise.reject(new Error('404'))),
      never,
    ),
  ).toEqual(new Map());
  expect(
    await readTopicPermissions(
      restOf(() => Promise.resolve('<html>')),
      never,
    ),
  ).toEqual(new Map());
});
