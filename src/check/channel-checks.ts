import { activityTopic, conversationsTopic, observationsTopic } from '../genesys/channel-plan.ts';
import { GenesysError } from '../genesys/errors.ts';
import { readTopicPermissions } from '../genesys/permissions.ts';
import * as snapshot from '../genesys/snapshot.ts';
import * as wire from '../genesys/wire.ts';
import { channelsOfClient, type Figures, figuresOf, judgeLimits, judgeSocket, judgeTopics } from './judge.ts';
import { ask, type Asking, attempt, type Check } from './platform-checks.ts';
import { trySocket } from './socket-trial.ts';

// What may be heard, and whether it gets here. Nothing but a subscription tells which topics are allowed, so one channel is taken.

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

/** Takes a channel, unless that would end one of somebody else's. */
export const takeChannel: Check = async (asking, { channelsInUse }) => {
  const { rest, signal } = asking;
  const cost = 'which topics are allowed, and whether a WebSocket opens, is not known';
  if (channelsInUse !== null && channelsInUse >= channelsOfClient) {
    const told = `none is taken: all ${channelsOfClient} channels of this OAuth client are there already, and one more would end the oldest`;
    const wayOut = 'a channel that nobody renews ends within 24 hours';
    return { findings: [{ name: 'channel', status: 'failed', told, cost, wayOut }] };
  }
  const { finding, value: channel } = await ask(asking, { name: 'channel', cost, needed: [] }, async () =>
    snapshot.readAnswer(wire.channelAnswer, await rest.post(root, {}, signal)),
  );
  return channel === undefined ? { findings: [finding] } : { findings: [], learned: { channel } };
};

/** One topic of each kind. */
export const checkTopics: Check = async (asking, { queueIds, userIds, needed, channel }) => {
  const topics = [
    ...queueIds.slice(0, 1).flatMap((id) => [observationsTopic(id), conversationsTopic(id)]),
    ...userIds.slice(0, 1).map(activityTopic),
  ];
  if (channel === null || topics.length === 0) return { findings: [] };
  const call = { name: 'topics', cost: 'which topics are allowed is not known', needed: [] };
  const { finding, value } = await ask(asking, call, () => subscribe(asking, channel.id, topics));
  return { findings: value === undefined ? [finding] : judgeTopics(value, needed) };
};

async function subscribe({ rest, signal }: Asking, channelId: string, topics: readonly string[]) {
  const wanted = topics.map((each) => ({ id: each }));
  const answer = await rest.post(`${root}/${channelId}/subscriptions?ignoreErrors=true`, wanted, signal);
  const { entities = [] } = snapshot.readAnswer(wire.subscriptionsAnswer, answer ?? {});
  return topics.map((each) => entities.find((topic) => topic.id === each) ?? { id: each });
}

/** Whether frames get here: the host of the sockets is another than that of the calls. */
export const checkSocket: Check = async (asking, { channel }) => {
  if (channel === null) return { findings: [] };
  return { findings: [judgeSocket(channel.connectUri, await trySocket(asking, channel.connectUri))] };
};

/** Takes the topics off the channel again. The platform knows no way to end it before its time. */
export const emptyChannel: Check = async (asking, { channel }) => {
  if (channel === null) return { findings: [] };
  const { rest, signal } = asking;
  const removed = await attempt(asking, () => rest.delete(`${root}/${channel.id}/subscriptions`, signal));
  const topics =
    removed instanceof GenesysError ? `could not be taken off it again (${removed.code})` : 'are taken off it again';
  const until = channel.expires === undefined ? 'for up to 24 hours' : `until ${channel.expires}`;
  const told = `one was taken to ask this, and its topics ${topics}; it counts among the client's ${channelsOfClient} ${until}`;
  return { findings: [{ name: 'channel', status: 'ok', told }] };
};

/** Whether all there is to watch fits; the figures are told too. */
export const limitsCheck =
  (onFigures: (figures: Figures) => void): Check =>
  (_, { queueIds, userIds, channelsInUse }) => {
    const figures = figuresOf({ queueIds, userIds });
    onFigures(figures);
    return Promise.resolve({ findings: judgeLimits(figures, channelsInUse) });
  };
