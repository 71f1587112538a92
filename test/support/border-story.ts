import type { Agent } from '../../src/simulator/agent.ts';
import { type CallCenter, type CallCenterDriver, createCallCenter } from '../../src/simulator/call-center.ts';
import type { CallCenterEvent } from '../../src/simulator/call-center-event.ts';
import { type Fault, faultSchema, type PlannedFault } from '../../src/simulator/faults.ts';
import { createModel } from '../../src/simulator/model/model.ts';
import type { Platform } from '../../src/simulator/platform.ts';
import { createRoster } from '../../src/simulator/roster.ts';
import { type Hiding, hideFrom } from './border-hiding.ts';
import { randomNumbers } from './oracle.ts';
import { happenings, smallRoster } from './small-centre.ts';

// A call centre and what befalls its platform, the same for a seed.

/** Each of them once, with what it takes to come to an end. */
export const faultKinds: readonly Fault['kind'][] = faultSchema.options
  .map((option) => option.shape.kind.value)
  .filter((kind) => kind !== 'clear');

/**
 * `small`: three queues and four agents on one channel. The others are made up by the model, with several media and shared agents:
 * `model` on one channel; `channels` on four, of which faults befall one; `changes` too, on one or four, and queues and agents come and
 * go meanwhile.
 */
export type Centre = 'small' | 'model' | 'channels' | 'changes';

export const startMs = Date.parse('2026-03-02T09:00:00.000Z');
export const secondMs = 1_000;
export const minuteMs = 60_000;
const lookEveryMs = 3 * minuteMs;
/** When all faults are over. */
const clearMs = startMs + 5 * minuteMs;
/** By then two looks at everything have come after the last fault, and a breaker that was open has been asked again. */
export const endMs = clearMs + 3 * lookEveryMs;

/** At the end nothing happens any more, so that nothing is on its way. */
const quietMs = 10_000;

export interface SentFrame {
  readonly channelId: string;
  readonly text: string;
  readonly atMs: number;
}

/** What was true of one medium of a queue from a time on. */
interface TrueCounts {
  readonly fromMs: number;
  readonly waiting: number;
  readonly interacting: number;
}

/** What was true of an agent from a time on. */
interface TrueStatus {
  readonly fromMs: number;
  readonly routingStatus: string;
  readonly presence: string;
}

export interface Story {
  readonly centre: Centre;
  readonly kinds: readonly Fault['kind'][];
  readonly random: () => number;
  readonly driver: CallCenterDriver;
  readonly options: {
    readonly faultPlan: readonly PlannedFault[];
    readonly onFrameSent: (channelId: string, text: string, atMs: number) => void;
  };
  /** When the first fault happens. */
  readonly firstMs: number;
  readonly inventoryEveryMs: number;
  readonly topicsPerChannelMax?: number;
  /** Stands before the platform's answers. */
  readonly handle: (platform: Platform) => Platform['handle'];
  /** Faults that befall one channel only, the one that at that time has the topics of this queue or agent. */
  readonly aimed: readonly PlannedFault[];
  readonly victimId: string;
  /** The channels that an aimed fault befell, once it has; undefined = nobody told of the victim then, so that it befell all. */
  readonly struck: (string | undefined)[];
  /** Names of the topics that a channel was asked to tell of, by its id. */
  readonly asked: ReadonlyMap<string, ReadonlySet<string>>;
  readonly sent: readonly SentFrame[];
  /** `queueId/mediaType` → what was true, in order. */
  readonly truth: ReadonlyMap<string, readonly TrueCounts[]>;
  /** By agent, what was true, in order. */
  readonly agentTruth: ReadonlyMap<string, readonly TrueStatus[]>;
  readonly hiding: Hiding;
}

function fault(kind: Fault['kind'], random: () => number): Fault {
  const forMs = Math.ceil(random() * 90_000);
  const lasting = { 'hang-socket': {}, 'heartbeats-only': { forMs }, 'refuse-sockets': { forMs } };
  const requests = { 'too-many-requests': { forMs }, 'server-error': { forMs }, 'slow-answers': { forMs } };
  const counted = { 'half-frames': { count: 1 + Math.floor(random() * 3) }, 'unknown-fields': { count: 5 } };
  const more: Readonly<Record<string, object>> = { ...lasting, ...requests, ...counted };
  return faultSchema.parse({ kind, ...more[kind] });
}

/** Those that can befall one channel and leave the others alone. */
const canAim: ReadonlySet<string> = new Set(
  faultSchema.options.filter(({ shape }) => 'channelId' in shape).map(({ shape }) => shape.kind.value),
);

const modelSize = { queues: 8, agents: 20 } as const;
/** Shares the topics of the model out over four channels: the second has both queues and agents. */
const fewTopics = 10;

function driverOf(centre: Centre, seed: number, random: () => number): CallCenterDriver {
  const untilMs = endMs - quietMs;
  if (centre === 'small') {
    const roster = createRoster(smallRoster.queues, smallRoster.agents);
    return { roster, startMs, endMs, events: happenings(random, startMs, untilMs) };
  }
  const { roster, events } = createModel({ seed, ...modelSize, load: 2, startMs });
  return { roster, startMs, endMs, events: before(events, untilMs) };
}

/** The model would end with everybody going home, and nothing being true but zeros. */
function* before(events: Iterable<CallCenterEvent>, untilMs: number): Generator<CallCenterEvent> {
  for (const event of events) {
    if (event.atMs >= untilMs) return;
    yield event;
  }
}

/** Writes down beside the platform what is true. */
function* noted(
  events: Iterable<CallCenterEvent>,
  center: CallCenter,
  note: (queueId: string, atMs: number) => void,
  noteAgent: (agent: Agent, atMs: number) => void,
): Generator<CallCenterEvent> {
  for (const event of events) {
    const { queueIds, agents } = center.apply(event);
    for (const queueId of queueIds) note(queueId, event.atMs);
    for (const agent of agents) noteAgent(agent, event.atMs);
    yield event;
  }
}

export function storyOf(centre: Centre, kinds: readonly Fault['kind'][], seed: number): Story {
  const random = randomNumbers(seed);
  const sent: SentFrame[] = [];
  let atMs = startMs + minuteMs + random() * minuteMs;
  const plan = kinds.map((kind) => {
    atMs += random() * 20_000;
    return { atMs, fault: fault(kind, random) };
  });
  const driver = driverOf(centre, seed, random);
  const isAimed = (each: PlannedFault) => !isOneChannel && canAim.has(each.fault.kind);
  const isOneChannel = centre === 'small' || centre === 'model' || (centre === 'changes' && seed % 2 === 0);
  const { queues, agents } = driver.roster;
  const hiding =
    centre === 'changes'
      ? hideFrom(driver.roster, Math.min(...plan.map((each) => each.atMs)), random)
      : hideFrom({ queues: [], agents: [] }, 0, random);
  const places = [...queues, ...agents].filter(({ id }) => !hiding.comesAndGoes(id));
  const victimId = places[Math.floor(random() * places.length)]?.id ?? '';
  const asked = new Map<string, Set<string>>();
  const shadow = createCallCenter(driver);
  const truth = new Map<string, TrueCounts[]>();
  const note = (queueId: string, fromMs: number) => {
    for (const [mediaType, { waiting, interacting }] of shadow.queues.get(queueId)?.media ?? []) {
      const known = truth.get(`${queueId}/${mediaType}`) ?? [];
      truth.set(`${queueId}/${mediaType}`, known);
      known.push({ fromMs, waiting: waiting.size, interacting: interacting.size });
    }
  };
  for (const { id } of queues) note(id, startMs);
  const agentTruth = new Map<string, TrueStatus[]>();
  const noteAgent = ({ id, status, onQueue }: Agent, fromMs: number) => {
    const known = agentTruth.get(id) ?? [];
    agentTruth.set(id, known);
    known.push({ fromMs, routingStatus: status, presence: onQueue ? 'ON_QUEUE' : 'OFFLINE' });
  };
  for (const agent of shadow.agents.values()) noteAgent(agent, startMs);
  return {
    ...{ centre, kinds, random, asked, sent, truth, agentTruth, victimId, struck: [], hiding },
    driver: { ...driver, events: noted(driver.events, shadow, note, noteAgent) },
    options: {
      faultPlan: [...plan.filter((each) => !isAimed(each)), { atMs: clearMs, fault: { kind: 'clear' as const } }],
      onFrameSent: (channelId, text, sentMs) => void sent.push({ channelId, text, atMs: sentMs }),
    },
    aimed: plan.filter(isAimed),
    firstMs: Math.min(...plan.map((each) => each.atMs)),
    inventoryEveryMs: centre === 'changes' ? minuteMs : lookEveryMs,
    ...(isOneChannel ? {} : { topicsPerChannelMax: fewTopics }),
    handle: (platform) => (request, nowMs) => {
      const channelId = /channels\/([^/]+)\/subscriptions$/.exec(request.path)?.[1];
      if (channelId !== undefined && (request.method === 'POST' || request.method === 'PUT')) {
        const topics = (JSON.parse(request.body) as { id: string }[]).map(({ id }) => id);
        asked.set(channelId, new Set([...(asked.get(channelId) ?? []), ...topics]));
      }
      return hiding.seen(request, platform.handle(request, nowMs), nowMs);
    },
  };
}

/** The channel that was last asked to tell of a queue or agent. */
export function channelOf({ asked }: Pick<Story, 'asked'>, subjectId: string): string | undefined {
  return [...asked].findLast(([, topics]) => [...topics].some((topic) => topic.includes(subjectId)))?.[0];
}
