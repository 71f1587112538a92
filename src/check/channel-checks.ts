import { activityTopic, conversationsTopic, observationsTopic } from '../genesys/channel-plan.ts';
import { GenesysError } from '../genesys/errors.ts';
import { readTopicPermissions } from '../genesys/permissions.ts';
import * as snapshot from '../genesys/snapshot.ts';
import * as wire from '../genesys/wire.ts';
import { channelsOfClient, type Figures, figuresOf, judgeLimits, judgeTopics } from './judge.ts';
import { ask, type Asking, attempt, type Check } from './platform-checks.ts';

// What may be heard. Nothing but a subscription tells which topics are allowed, so one channel is taken.

const root = '/api/v2/notifications/channels';

/** What is said of channels and topics; has no findings. */
export const learnOfChannels: Check = async (asking) => {
  const { rest, signal } = asking;
  const needed = await readTopicPermissions(rest, signal);
  const channels = await attempt(asking, async () =>
    snapshot.readAnswer(wire.channelsAnswer, await rest.get(`${root}?includechannels=oauthclient`, signal)),
  );
  const channelsInUse = channels instanceof GenesysError ? null : channels.entities.length;
  return { findings: [], learned: { needed, channelsInUse } };
};

/** One topic of each kind. The channel ends by itself within a day. */
export const checkTopics: Check = async (asking, { queueIds, userIds, needed, channelsInUse }) => {
  const topics = [
    ...queueIds.slice(0, 1).flatMap((id) => [observationsTopic(id), conversationsTopic(id)]),
    ...userIds.slice(0, 1).map(activityTopic),
  ];
  const cost = 'which topics are allowed is not known';
  if (channelsInUse !== null && channelsInUse >= channelsOfClient) {
    const told = `not tried: all ${channelsOfClient} channels of this OAuth client are taken, and one more would end the oldest`;
    const wayOut = 'a channel that nobody renews ends within 24 hours';
    return { findings: [{ name: 'topics', status: 'failed', told, cost, wayOut }] };
  }
  if (topics.length === 0) return { findings: [] };
  const { finding, value } = await ask(asking, { name: 'topics', cost, needed: [] }, () => subscribe(asking, topics));
  return { findings: value === undefined ? [finding] : judgeTopics(value, needed) };
};

async function subscribe({ rest, signal }: Asking, topics: readonly string[]) {
  const { id } = snapshot.readAnswer(wire.channelAnswer, await rest.post(root, {}, signal));
  const wanted = topics.map((each) => ({ id: each }));
  const answer = await rest.post(`${root}/${id}/subscriptions?ignoreErrors=true`, wanted, signal);
  const { entities = [] } = snapshot.readAnswer(wire.subscriptionsAnswer, answer ?? {});
  return topics.map((each) => entities.find((topic) => topic.id === each) ?? { id: each });
}

/** Whether all there is to watch fits; the figures are told too. */
export const limitsCheck =
  (onFigures: (figures: Figures) => void): Check =>
  (_, { queueIds, userIds, channelsInUse }) => {
    const figures = figuresOf({ queueIds, userIds });
    onFigures(figures);
    return Promise.resolve({ findings: judgeLimits(figures, channelsInUse) });
  };
