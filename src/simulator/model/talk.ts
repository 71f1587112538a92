import type { EpochMs } from '../../../streams/record.ts';
import type { CallCenterEvent } from '../call-center-event.ts';
import { wrapUpCodes } from '../roster.ts';
import type { Stream } from './demand.ts';
import { exponential, logNormal, uniform, type Random } from './random.ts';
import type { ModelCall, ModelWorker } from './routing.ts';
import type { ModelQueue } from './staff.ts';

/** What happens from the answer of a call until its agent is free again, and what the customer says of it later. */
export interface Talks {
  begin(call: ModelCall, worker: ModelWorker): void;
}

const talkSpread = 0.8;
const talkMinMs = 3_000;
const acwSpread = 0.7;
const heldShare = 0.15;
const heldMeanMs = 40_000;
const transferredShare = 0.05;
/** Nobody is sent on for ever. */
const staysMax = 3;
const solvedShare = 0.85;
const surveyDelayMeanMs = 3_600_000;

export function createTalks(options: {
  readonly random: Random;
  /** 0 to 1. */
  readonly surveyAnsweredShare: number;
  readonly now: () => EpochMs;
  readonly after: (ms: number, run: () => void) => void;
  readonly tell: (event: CallCenterEvent) => void;
  /** Where a call could be sent on to. */
  readonly targetOf: (call: ModelCall) => { readonly queue: ModelQueue; readonly stream: Stream } | undefined;
  readonly move: (call: ModelCall, queue: ModelQueue, stream: Stream, wrapUp: boolean) => void;
  readonly free: (worker: ModelWorker) => void;
}): Talks {
  const { random, surveyAnsweredShare, now, after, tell, targetOf, move, free } = options;

  const wrapUp = (call: ModelCall, worker: ModelWorker, isLast: boolean): void => {
    after(logNormal(random, call.stream.acwMeanMs, acwSpread), () => {
      const said = !isLast ? wrapUpCodes.transfer : random() < solvedShare ? wrapUpCodes.solved : wrapUpCodes.unsolved;
      tell({ kind: 'wrapped-up', atMs: now(), callId: call.id, userId: worker.of.id, wrapUpCode: said.id });
      free(worker);
      if (isLast) survey(call, worker);
    });
  };

  const survey = ({ id: callId, queue }: ModelCall, worker: ModelWorker): void => {
    const subject = { callId, queueId: queue.id, userId: worker.of.id };
    tell({ kind: 'survey-sent', atMs: now(), ...subject });
    if (random() >= surveyAnsweredShare) return;
    const score = Math.round(Math.max(0, Math.min(100, worker.of.quality + uniform(random, -25, 25))));
    after(exponential(random, surveyDelayMeanMs), () =>
      tell({ kind: 'survey-answered', atMs: now(), ...subject, score }),
    );
  };

  const end = (call: ModelCall, worker: ModelWorker): void => {
    const isSentOn = call.stay < staysMax && random() < transferredShare;
    const target = isSentOn ? targetOf(call) : undefined;
    if (target === undefined) tell({ kind: 'end', atMs: now(), callId: call.id, wrapUp: true });
    else move(call, target.queue, target.stream, true);
    wrapUp(call, worker, target === undefined);
  };

  const talk = (call: ModelCall, worker: ModelWorker): void => {
    const talkMs = talkMinMs + logNormal(random, call.stream.talkMeanMs - talkMinMs, talkSpread);
    if (random() >= heldShare) {
      after(talkMs, () => end(call, worker));
      return;
    }
    const callId = call.id;
    const beforeMs = talkMs * uniform(random, 0.2, 0.8);
    after(beforeMs, () => {
      tell({ kind: 'hold', atMs: now(), callId });
      after(exponential(random, heldMeanMs), () => {
        tell({ kind: 'unhold', atMs: now(), callId });
        after(talkMs - beforeMs, () => end(call, worker));
      });
    });
  };

  return {
    begin(call, worker) {
      const dials = call.stream.mediaType === 'callback';
      tell({ kind: 'answer', atMs: now(), callId: call.id, userId: worker.of.id, dials });
      if (!dials) {
        talk(call, worker);
        return;
      }
      after(uniform(random, 5_000, 25_000), () => {
        tell({ kind: 'connected', atMs: now(), callId: call.id });
        talk(call, worker);
      });
    },
  };
}
