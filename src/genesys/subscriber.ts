import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import { dayAt } from '../../streams/calendar.ts';
import type { ChannelGap } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { Arrival } from './arrival.ts';
import { type Channel, createChannel } from './channel.ts';
import { channelsMax, type Inventory, observationsTopic, planChannels } from './channel-plan.ts';
import { GenesysError } from './errors.ts';
import { createOwedHalfHours, settledAfterMs } from './half-hours.ts';
import { describeRefusals, readTopicPermissions, type TopicAnswer, type TopicPermissions } from './permissions.ts';
import type { Rest } from './rest.ts';
import { createSatisfactionLooks, type SurveySettings } from './satisfaction.ts';
import { readHalfHours, takeInventory } from './snapshot.ts';
import type { Connect } from './socket.ts';

export interface SubscriberSettings {
  readonly rest: Rest;
  readonly connect: Connect;
  /** Platform time. */
  readonly clock: Clock;
  readonly log: Logger;
  /** The journal that is gone on with: its last stamp, and how far everything was heard. */
  readonly journal: { readonly untilMs: EpochMs; readonly heardUntilMs: EpochMs } | null;
  /** How long the last ping may go unanswered, in platform time. */
  readonly answerWithinMs: number;
  /** How often queues and agents are listed anew, and all counts are asked for in case something was missed, in platform time. */
  readonly inventoryEveryMs: number;
  /** How many topics one channel takes; as many as the platform allows unless told. */
  readonly topicsPerChannelMax?: number;
  /** Zones in which queues have their day: at the first start it is read from its beginning. Default: UTC. */
  readonly timeZones?: readonly string[];
  /** Whether names of agents are read. Default: no. */
  readonly agentNames?: boolean;
  /** Default: none. */
  readonly surveys?: SurveySettings;
  /** Told of each look at everything that failed, and will be tried again. */
  readonly onLookFailed?: () => void;
  /** Takes what arrived, stamped, in order. */
  readonly onArrival: (arrival: Arrival) => void;
  readonly random: () => number;
}

/** All there is to hear, on as many channels as that takes. */
export interface Subscriber {
  /** Lives until the signal; rejects with a `GenesysError` when going on has no point: credentials, permissions. */
  run(signal: AbortSignal): Promise<void>;
  /** Says what time it is and how far all channels were heard. */
  tick(): void;
  pause(): void;
  resume(): void;
  /** Ends all sockets: gaps, and snapshots after them. */
  drop(cause: string): void;
}

const halfHourMs = 1_800_000;
/** How often it is looked whether a half hour is to be read again. */
const halfHoursEveryMs = 60_000;

/** The gap between two processes is that of the whole shard, whatever was on which channel. */
const wholeShard = { channel: 0, share: null };

/** Shares an inventory out over channels, and keeps it up to date. */
export function createSubscriber(settings: SubscriberSettings): Subscriber {
  const { rest, clock, log, journal, onArrival, inventoryEveryMs, agentNames = false } = settings;
  const channels: Channel[] = [];
  let shares: readonly Inventory[] = [];
  let needed: TopicPermissions = new Map();
  let stampedMs = journal?.untilMs ?? 0;
  let lastTurnMs = clock.nowMs();
  let restartGap = journal === null ? null : { startMs: journal.heardUntilMs, cause: 'restart' };
  let isPaused = false;
  /** By channel, what was said of the gap that is open. */
  const openGaps = new Map<number, ChannelGap>();
  const owed = createOwedHalfHours();
  const satisfaction = createSatisfactionLooks({
    ...{ rest, clock, log, everyMs: null, days: 0, ...settings.surveys },
    isGoingOn: journal !== null,
    watched: () => shares.flatMap((share) => share.userIds),
    onChanged: (userId, value) => onArrival({ kind: 'agent-satisfaction', receivedAtMs: stamp(), userId, value }),
  });

  const stamp = () => (stampedMs = Math.max(stampedMs, clock.nowMs()));

  /**
   * After a pause of this process (a suspended machine, SIGSTOP) what has queued up meanwhile would get the stamps of now: better to say
   * that nothing was heard.
   */
  function noticeStall(): void {
    const nowMs = clock.nowMs();
    if (nowMs - lastTurnMs > settings.answerWithinMs) dropAll('stalled');
    lastTurnMs = nowMs;
  }

  function dropAll(cause: string): void {
    for (const channel of channels) channel.drop(cause);
  }

  const onAnswer: Parameters<typeof takeInventory>[1] = (answer) => {
    const receivedAtMs = stamp();
    onArrival({ kind: 'rest', receivedAtMs, ...answer });
    return receivedAtMs;
  };

  function reportGap(
    of: { readonly channel: number; readonly share: Inventory | null },
    { startMs, endMs, cause }: { readonly startMs: EpochMs; readonly endMs: EpochMs | null; readonly cause: string },
  ): void {
    const repairedBy = endMs === null ? 'none' : 'snapshot';
    if (endMs !== null) owed.owe(of.share?.queueIds ?? shares.flatMap((share) => share.queueIds), startMs, endMs);
    const concerned =
      of.share === null
        ? { queueIds: null, userIds: null }
        : { queueIds: [...of.share.queueIds], userIds: [...of.share.userIds] };
    const { channel } = of;
    const receivedAtMs = stamp();
    const gap: ChannelGap = {
      ...{ kind: 'channel-gap', receivedAtMs, channel, ...concerned },
      ...{ startMs, endMs, cause, repairedBy },
    };
    if (endMs === null) openGaps.set(channel, gap);
    else openGaps.delete(channel);
    onArrival(gap);
    const told = { channel, startMs, endMs, cause };
    if (endMs === null) log.warn(told, 'channel gap');
    else log.info(told, 'channel gap repaired by a snapshot');
  }

  /** What comes to a channel while it is deaf is not known before it hears again, whatever an answer says of it. */
  function widenGap(channel: number, added: Inventory): void {
    const gap = openGaps.get(channel);
    if (gap === undefined || gap.queueIds === null || gap.userIds === null || isEmpty(added)) return;
    const queueIds = [...new Set([...gap.queueIds, ...added.queueIds])];
    const userIds = [...new Set([...gap.userIds, ...added.userIds])];
    const wider = { ...gap, receivedAtMs: stamp(), queueIds, userIds };
    openGaps.set(channel, wider);
    onArrival(wider);
  }

  /** Once all channels are live at the same time, nothing is missing any more of what the process before did not hear. */
  function endRestartGap(): void {
    if (restartGap === null || channels.length === 0 || !channels.every((channel) => channel.isLive())) return;
    const { startMs, cause } = restartGap;
    restartGap = null;
    // What the process before it still owed.
    owed.owe(
      shares.flatMap((share) => share.queueIds),
      startMs - halfHourMs - settledAfterMs,
      startMs,
    );
    reportGap(wholeShard, { startMs, endMs: stamp(), cause });
  }

  function heedRefusals(topics: readonly TopicAnswer[], { queueIds }: Inventory): void {
    const told = describeRefusals(topics, needed);
    for (const line of told) log.warn(`${line}; the rest runs`);
    const refused = new Set(topics.map(({ id }) => id));
    if (queueIds.length > 0 && queueIds.every((id) => refused.has(observationsTopic(id)))) {
      throw new GenesysError(
        'QC_GENESYS_PERMISSION',
        `${told[0] ?? ''}. Grant it to a role of the OAuth client and start again`,
      );
    }
  }

  function planOf(inventory: Inventory): readonly Inventory[] {
    const plan = planChannels(inventory, shares, settings.topicsPerChannelMax);
    if (plan !== undefined) return plan;
    const { queueIds, userIds } = inventory;
    const message = `${queueIds.length} queues and ${userIds.length} agents need more than the ${channelsMax} channels there are: narrow the OAuth client's divisions to fewer queues`;
    throw new GenesysError('QC_GENESYS_REFUSED', message);
  }

  function addChannel(share: Inventory): Channel {
    const number = channels.length;
    const channel = createChannel({
      ...settings,
      ...{
        share,
        stamp,
        onAnswer,
        onTurn: noticeStall,
        onLookFailed: () => settings.onLookFailed?.(),
        onRefused: (topics) => heedRefusals(topics, shares[number] ?? share),
      },
      log: log.child({ channel: number }),
      onFrame: onArrival,
      onGap(gap) {
        const known = shares.length === 1 ? null : (shares[number] ?? share);
        // What it lost while the whole shard was deaf lies in that gap.
        if (restartGap === null) reportGap({ channel: number, share: known }, gap);
      },
    });
    if (isPaused) channel.pause();
    channels.push(channel);
    return channel;
  }

  /** What comes new was not heard today, and joins in the middle of a half hour. */
  function oweSinceMidnight(queueIds: readonly string[]): void {
    const nowMs = clock.nowMs();
    const midnights = (settings.timeZones ?? ['UTC']).map((timeZone) => dayAt(nowMs, timeZone).startMs);
    owed.owe(queueIds, Math.min(...midnights), nowMs);
  }

  /** Shares out what is new, and takes away what is gone. */
  async function keepInventory(start: (channel: Channel) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(inventoryEveryMs, signal);
      try {
        const found = await takeInventory(rest, onAnswer, agentNames, signal);
        apply(found, start);
        for (const channel of channels) channel.check();
      } catch (error) {
        if (signal.aborted || !(error instanceof GenesysError) || error.code === 'QC_GENESYS_CREDENTIALS') throw error;
        log.warn({ code: error.code }, `queues and agents could not be listed anew: ${error.message}`);
      }
    }
  }

  /** What a gap has touched is read again when it is over. */
  async function keepHalfHours(signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(halfHoursEveryMs, signal);
      for (const due of owed.takeDue(clock.nowMs())) {
        try {
          await readHalfHours(rest, due, onAnswer, signal);
        } catch (error) {
          if (signal.aborted || !(error instanceof GenesysError) || error.code === 'QC_GENESYS_CREDENTIALS')
            throw error;
          log.warn({ code: error.code, startMs: due.startMs }, `a half hour could not be read again: ${error.message}`);
          // Another time, unless it never will.
          if (error.code === 'QC_GENESYS_UNREACHABLE') owed.owe(due.queueIds, due.startMs, due.endMs - 1);
        }
      }
    }
  }

  function apply(found: Inventory, start: (channel: Channel) => void): void {
    const before = shares;
    shares = planOf(found);
    const gone = before.flatMap((share) => share.queueIds).filter((id) => !found.queueIds.includes(id));
    for (const queueId of gone) onArrival({ kind: 'queue-removed', receivedAtMs: stamp(), queueId });
    const watched = new Set(found.userIds);
    const left = before.flatMap((share) => share.userIds).filter((id) => !watched.has(id));
    for (const userId of left) onArrival({ kind: 'agent-removed', receivedAtMs: stamp(), userId });
    for (const [number, share] of shares.entries()) {
      const old = before[number];
      const channel = channels[number];
      if (old === undefined || channel === undefined) {
        oweSinceMidnight(share.queueIds);
        start(addChannel(share));
        continue;
      }
      const added = without(share, old);
      oweSinceMidnight(added.queueIds);
      widenGap(number, added);
      if (isEmpty(added) && isEmpty(without(old, share))) continue;
      channel.watch(share, added);
      log.info({ channel: number, queues: share.queueIds.length, agents: share.userIds.length }, 'watches others now');
    }
    satisfaction.tell();
  }

  return {
    async run(signal) {
      if (restartGap !== null) reportGap(wholeShard, { ...restartGap, endMs: null });
      needed = await readTopicPermissions(rest, signal);
      shares = planOf(await takeInventory(rest, onAnswer, agentNames, signal));
      const ended = new AbortController();
      const both = AbortSignal.any([signal, ended.signal]);
      let failure: { readonly error: unknown } | undefined;
      const running: Promise<void>[] = [];
      const start = (work: Promise<void>) => {
        const noted = work.catch((error: unknown) => {
          if (!both.aborted) failure ??= { error };
          ended.abort();
        });
        running.push(noted);
      };
      for (const share of shares) {
        // Of a journal that is gone on with the day is known, but for the half hour that runs.
        if (journal === null) oweSinceMidnight(share.queueIds);
        else owed.owe(share.queueIds, clock.nowMs(), clock.nowMs());
        start(addChannel(share).run(both));
      }
      start(keepHalfHours(both));
      start(satisfaction.run(both));
      start(keepInventory((channel) => start(channel.run(both)), both));
      for (let at = 0; at < running.length; at += 1) await running[at];
      if (failure !== undefined) throw failure.error;
    },
    tick() {
      noticeStall();
      endRestartGap();
      onArrival({ kind: 'tick', receivedAtMs: stamp(), heardUntilMs: heardUntilMs() });
    },
    pause() {
      isPaused = true;
      for (const channel of channels) channel.pause();
    },
    resume() {
      isPaused = false;
      for (const channel of channels) channel.resume();
    },
    drop: dropAll,
  };

  /** One that was never live yet has nothing to miss: its queues are not known before its first snapshot. */
  function heardUntilMs(): EpochMs | null {
    if (restartGap !== null) return restartGap.startMs;
    const heard = channels.map((channel) => channel.heardUntilMs()).filter((ms) => ms !== null);
    return heard.length === 0 ? null : Math.min(...heard);
  }
}

/** What of `all` is not in `known`. */
function without(all: Inventory, known: Inventory): Inventory {
  const queueIds = new Set(known.queueIds);
  const userIds = new Set(known.userIds);
  return {
    queueIds: all.queueIds.filter((id) => !queueIds.has(id)),
    userIds: all.userIds.filter((id) => !userIds.has(id)),
  };
}

const isEmpty = ({ queueIds, userIds }: Inventory) => queueIds.length === 0 && userIds.length === 0;
