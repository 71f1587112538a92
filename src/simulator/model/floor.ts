import type { EpochMs } from '../../../streams/record.ts';
import type { CallCenterEvent } from '../call-center-event.ts';
import { idOf } from '../roster.ts';
import type { Schedule } from '../schedule.ts';
import { habits, type Stream } from './demand.ts';
import { exponential, logNormal, pickWeighted, uniform, weibull, type Random } from './random.ts';
import { createRouting, type ModelCall, type ModelWorker } from './routing.ts';
import type { CheckedSettings } from './settings.ts';
import { languages, specialSkill, type ModelAgent, type ModelQueue, type Staff } from './staff.ts';
import { createTalks } from './talk.ts';

/** Where customers wait and agents work. */
export interface Floor {
  arrive(queue: ModelQueue, stream: Stream): void;
  setOnQueue(agent: ModelAgent, isOn: boolean): void;
}

interface FloorOptions {
  readonly settings: CheckedSettings;
  readonly staff: Staff;
  readonly schedule: Schedule<() => void>;
  readonly random: Random;
  readonly now: () => EpochMs;
  readonly tell: (event: CallCenterEvent) => void;
}

const missedShare = 0.025;
const awayMeanMs = 90_000;
const ringMeanMs = 3_500;
const ringMinMs = 800;
const specialShare = 0.1;
const urgentShare = 0.08;
/** Of voice calls: moved to another queue if nobody answers in time. */
const overflowShare = 0.04;
/** Of callers who lose patience: leave a number instead of going. */
const callbackShare = 0.15;

export function createFloor(options: FloorOptions): Floor {
  const { settings, staff, schedule, random, now, tell } = options;
  const workers = new Map<ModelAgent, ModelWorker>(
    staff.agents.map((of) => [of, { of, state: 'off', isOffered: false, isOn: false }]),
  );
  const routing = createRouting();
  /** Who is alerting for which call. */
  const offers = new Map<ModelCall, ModelWorker>();
  let conversations = 0;

  const after = (ms: number, run: () => void): void => schedule.at(now() + Math.max(1, Math.round(ms)), run);

  const offer = (call: ModelCall | undefined, worker: ModelWorker | undefined): void => {
    if (call === undefined || worker === undefined) return;
    call.isOffered = true;
    worker.isOffered = true;
    const offered = { callId: call.id, userId: worker.of.id };
    tell({ kind: 'alert', atMs: now(), ...offered });
    const { alertingTimeoutMs } = call.stream;
    const isMissed = random() < missedShare;
    const ringMs = ringMinMs + exponential(random, ringMeanMs);
    after(isMissed ? alertingTimeoutMs : Math.min(ringMs, alertingTimeoutMs - 1), () => {
      // The customer may have left meanwhile.
      if (call.isOver) return;
      if (isMissed) miss(call, worker);
      else answer(call, worker);
    });
    offers.set(call, worker);
  };

  const match = (worker: ModelWorker): void => offer(routing.callFor(worker), worker);

  const settle = (worker: ModelWorker, state: ModelWorker['state']): void => {
    if (worker.state === 'idle') routing.removeAgent(worker);
    worker.state = state;
    if (state !== 'idle') return;
    routing.addAgent(worker);
    match(worker);
  };

  /** The call is not with the agent any more. */
  const endOffer = (call: ModelCall): ModelWorker | undefined => {
    const worker = offers.get(call);
    offers.delete(call);
    call.isOffered = false;
    if (worker !== undefined) worker.isOffered = false;
    return worker;
  };

  const answer = (call: ModelCall, worker: ModelWorker): void => {
    endOffer(call);
    leaveQueue(call);
    settle(worker, 'busy');
    talks.begin(call, worker);
  };

  const miss = (call: ModelCall, worker: ModelWorker): void => {
    endOffer(call);
    tell({ kind: 'alert-missed', atMs: now(), callId: call.id, userId: worker.of.id });
    settle(worker, worker.isOn ? 'away' : 'off');
    after(logNormal(random, awayMeanMs, 1), () => {
      if (worker.state !== 'away') return;
      tell({ kind: 'agent-on', atMs: now(), userId: worker.of.id });
      settle(worker, 'idle');
    });
    offer(call, routing.agentFor(call));
  };

  const leaveQueue = (call: ModelCall): void => {
    call.isOver = true;
    routing.removeCall(call);
  };

  const giveUp = (call: ModelCall): void => {
    if (call.isOver) return;
    const { queue, stream } = call;
    const callback = stream.mediaType === 'voice' ? queue.streams.get('callback') : undefined;
    if (callback !== undefined && !call.isOffered && random() < callbackShare) {
      move(call, queue, callback, false);
      return;
    }
    tell({ kind: 'abandon', atMs: now(), callId: call.id });
    leaveQueue(call);
    const worker = endOffer(call);
    if (worker === undefined) return;
    if (worker.isOn) match(worker);
    else settle(worker, 'off');
  };

  const enqueue = (call: ModelCall): void => {
    routing.addCall(call);
    const { patienceScaleMs, patienceShape, mediaType } = call.stream;
    if (patienceScaleMs < Infinity) after(weibull(random, patienceScaleMs, patienceShape), () => giveUp(call));
    if (mediaType === 'voice' && random() < overflowShare) {
      after(uniform(random, 60_000, 180_000), () => {
        const target = call.isOver || call.isOffered ? undefined : targetOf(call);
        if (target !== undefined) move(call, target.queue, target.stream, false);
      });
    }
    offer(call, routing.agentFor(call));
  };

  /** Another queue of the pool that serves the medium and has somebody who speaks the language. */
  const targetOf = ({ queue, stream, language }: ModelCall) => {
    const targets = queue.pool.flatMap((each) => {
      const same = each.streams.get(stream.mediaType);
      const isSpoken = (each.languageWeights[language] ?? 0) > 0;
      return each === queue || same === undefined || !isSpoken ? [] : [{ queue: each, stream: same }];
    });
    return targets[Math.floor(random() * targets.length)];
  };

  const move = (call: ModelCall, queue: ModelQueue, stream: Stream, wrapUp: boolean): void => {
    if (!call.isOver) leaveQueue(call);
    const { id, language, priority } = call;
    const { mediaType } = stream;
    tell({ kind: 'transfer', atMs: now(), callId: id, queueId: queue.id, mediaType, wrapUp });
    enqueue({
      id,
      stay: call.stay + 1,
      queue,
      stream,
      language,
      priority,
      isSpecial: false,
      enqueuedAtMs: now(),
      isOffered: false,
      isOver: false,
    });
  };

  const talks = createTalks({
    random,
    surveyAnsweredShare: settings.surveyAnsweredShare,
    now,
    after,
    tell,
    targetOf,
    move,
    free: (worker) => settle(worker, worker.isOn ? 'idle' : 'off'),
  });

  return {
    arrive(queue, stream) {
      conversations += 1;
      const { mediaType } = stream;
      const id = idOf(`model/${settings.seed}/${conversations}`);
      const language = pickWeighted(random, queue.languageWeights);
      const isSpecial = queue.hasSpecialist && random() < specialShare;
      const priority = habits[mediaType].priority + (random() < urgentShare ? 2 : 0);
      const announcedMs = mediaType === 'voice' ? Math.round(uniform(random, 4_000, 45_000)) : 0;
      tell({
        kind: 'arrival',
        atMs: now(),
        callId: id,
        queueId: queue.id,
        priority,
        mediaType,
        skillIds: isSpecial ? [queue.skillId, specialSkill.id] : [queue.skillId],
        languageId: (languages[language] ?? languages[0]).id,
        startedAtMs: now() - announcedMs,
      });
      enqueue({
        id,
        stay: 1,
        queue,
        stream,
        language,
        priority,
        isSpecial,
        enqueuedAtMs: now(),
        isOffered: false,
        isOver: false,
      });
    },

    setOnQueue(agent, isOn) {
      const worker = workers.get(agent);
      if (worker === undefined || worker.isOn === isOn) return;
      worker.isOn = isOn;
      tell({ kind: isOn ? 'agent-on' : 'agent-off', atMs: now(), userId: agent.id });
      if (worker.state === 'busy' || worker.isOffered) return;
      settle(worker, isOn ? 'idle' : 'off');
    },
  };
}
