import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { runPython } from '../support/python.ts';
import { startSmallPlatform, type SmallPlatform } from '../support/small-platform.ts';
import { ann, bob, callId, conversations, observations, sales, startMs } from '../src/simulator/virtual-client.ts';

// The official Python SDK, as it is published, takes the simulator for the platform. One script asks, the tests look.

const script = `
import json, os, sys, tempfile
# A configuration in the home folder would be read.
os.environ["HOME"] = tempfile.mkdtemp()
import PureCloudPlatformClientV2 as sdk
from PureCloudPlatformClientV2.rest import ApiException

port, queue, interval, conversation_topic, observation_topic = sys.argv[1:]
client = sdk.api_client.ApiClient()
client.set_gateway("127.0.0.1", "http", int(port), "", "")
answers = {}

def told(answer):
    return client.sanitize_for_serialization(answer)

def failure(call):
    try:
        call()
        return None
    except ApiException as error:
        return {"status": error.status, "body": json.loads(error.body) if error.body else None}

answers["badLogin"] = failure(lambda: client.get_client_credentials_token("id", "wrong"))
client.get_client_credentials_token("id", "secret")
routing = sdk.RoutingApi(client)
analytics = sdk.AnalyticsApi(client)
notifications = sdk.NotificationsApi(client)

answers["queues"] = told(routing.get_routing_queues(page_size=100))
answers["members"] = told(routing.get_routing_queue_members(queue, expand=["routingStatus"]))
answers["unknownQueue"] = failure(lambda: routing.get_routing_queue("00000000-0000-4000-8000-000000000000"))

of_queue = {"type": "or", "predicates": [{"dimension": "queueId", "value": queue}]}
answers["observations"] = told(analytics.post_analytics_queues_observations_query(
    {"filter": of_queue, "metrics": ["oWaiting", "oInteracting"], "detailMetrics": ["oWaiting"]}))
answers["aggregates"] = told(analytics.post_analytics_conversations_aggregates_query(
    {"interval": interval, "granularity": "PT30M", "groupBy": ["queueId"], "filter": of_queue,
     "metrics": ["nOffered", "tAnswered", "oServiceLevel"]}))

def details(page):
    return told(analytics.post_analytics_conversations_details_query(
        {"interval": interval, "paging": {"pageSize": 3, "pageNumber": page}}))

answers["details"] = [details(page) for page in (1, 2, 3)]

channel = notifications.post_notifications_channels()
answers["channel"] = told(channel)
answers["subscribed"] = told(notifications.post_notifications_channel_subscriptions(
    channel.id, [{"id": conversation_topic}], ignore_errors=True))
notifications.put_notifications_channel_subscriptions(
    channel.id, [{"id": conversation_topic}, {"id": observation_topic}])
answers["replaced"] = told(notifications.get_notifications_channel_subscriptions(channel.id))
notifications.head_notifications_channel(channel.id)
notifications.delete_notifications_channel_subscriptions(channel.id)
answers["emptied"] = told(notifications.get_notifications_channel_subscriptions(channel.id))
answers["gone"] = failure(lambda: notifications.head_notifications_channel("streaming-0-none"))

sdk.TokensApi(client).delete_tokens_me()
answers["afterDelete"] = failure(lambda: routing.get_routing_queues())
print(json.dumps(answers))
`;

const startOf = (minutes: number) => new Date(startMs + minutes * 60_000).toISOString();
let small: SmallPlatform;
let answers: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  small = await startSmallPlatform();
  const args = [String(small.port), sales, `${startOf(0)}/${startOf(60)}`, conversations(sales), observations(sales)];
  const printed = await runPython(script, args, ['PureCloudPlatformClientV2==269.0.0']);
  answers = z.record(z.string(), z.unknown()).parse(JSON.parse(printed));
});

afterAll(() => small.close());

test('a wrong secret fails to log in, the right one reads queues and members', () => {
  expect(answers['badLogin']).toMatchObject({ status: 400, body: { error: 'invalid_client' } });
  expect(answers['queues']).toMatchObject({ total: 2, entities: [{ name: 'sales' }, { name: 'support' }] });
  expect(answers['members']).toMatchObject({
    entities: [
      { id: ann, routingStatus: { status: 'INTERACTING' } },
      { id: bob, routingStatus: { status: 'IDLE' } },
    ],
  });
  expect(answers['unknownQueue']).toMatchObject({ status: 404, body: { code: 'not.found' } });
});

test('observations, aggregates and details come as the models say', () => {
  const voice = { group: { queueId: sales, mediaType: 'voice' } };
  expect(answers['observations']).toMatchObject({
    results: expect.arrayContaining([
      expect.objectContaining({
        ...voice,
        data: expect.arrayContaining([
          expect.objectContaining({
            metric: 'oWaiting',
            observations: [expect.objectContaining({ conversationId: callId('waiting') })],
          }),
        ]),
      }),
    ]),
  });
  expect(answers['aggregates']).toMatchObject({
    results: [
      {
        data: [
          {
            metrics: expect.arrayContaining([
              { metric: 'nOffered', stats: { count: 2 } },
              { metric: 'tAnswered', stats: expect.objectContaining({ count: 1, sum: 30_000 }) },
            ]),
          },
          {},
        ],
      },
    ],
  });
  expect(answers['details']).toMatchObject([
    { conversations: [{ conversationId: callId('handled') }, {}, {}] },
    { conversations: [{ conversationId: callId('waiting') }] },
    { totalHits: 4 },
  ]);
});

test('a channel is made, subscribed, replaced and emptied; after its token is deleted nothing goes', () => {
  expect(answers['channel']).toMatchObject({
    connectUri: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/channels\//),
  });
  expect(answers['subscribed']).toMatchObject({ entities: [{ id: conversations(sales), state: 'Permitted' }] });
  expect(answers['replaced']).toMatchObject({ entities: [{ id: conversations(sales) }, { id: observations(sales) }] });
  expect(answers['emptied']).toMatchObject({ entities: [] });
  expect(answers['gone']).toMatchObject({ status: 404 });
  expect(answers['afterDelete']).toMatchObject({ status: 401, body: { code: 'bad.credentials' } });
});
