import type { QueueEvent } from '../event.ts';
import type { EpochMs } from '../record.ts';
import type { QueueState } from '../records/queue-state.ts';
import { type Centre, foldCentre, foldQueueState, lineKey, startCentre } from './centre.ts';
import type { CentreListener, Departure, Handled } from './departure.ts';
import { type Learned, learnWait, quote, startLearned, type Tuning, tuningOf } from './estimators.ts';
import { type Features, featuresOf } from './features.ts';
import { type Line, startLine, usualPriority } from './line.ts';
import type { Quote } from './quote.ts';
import type { StartingWeights } from './regression.ts';

/** Journal events, and what `followQueues` makes of them. */
export type WaitInput = QueueEvent | { readonly kind: 'queue-state'; readonly state: QueueState };

/** What the estimators know and have learned, of all queues of a shard. */
export interface WaitModel {
  centre: Centre;
  /** By medium. */
  learned: Map<string, Learned>;
}

interface Joined {
  readonly line: Line;
  readonly conversationId: string;
  readonly quote: Quote;
}

/** What an input has brought about. */
export interface WaitNews {
  readonly joined: readonly Joined[];
  readonly departed: readonly Departure[];
  readonly handled: readonly Handled[];
  /** Queues whose predictions it may change. */
  readonly queueIds: readonly string[];
}

export const startWaitModel = (): WaitModel => ({ centre: startCentre(), learned: new Map() });

/** Folds one input: who joins is told a wait, who is answered teaches what it should have been. */
export function foldWaits(model: WaitModel, input: WaitInput, start: StartingWeights | null): WaitNews {
  const joined: Joined[] = [];
  const departed: Departure[] = [];
  const handled: Handled[] = [];
  const listener: CentreListener = {
    joined(line, conversationId, call, atMs) {
      call.quote = quoteFor(model, line, call.priority, atMs, start);
      joined.push({ line, conversationId, quote: call.quote });
    },
    departed(departure) {
      departed.push(departure);
      const { line, outcome, waitSeconds } = departure;
      if (outcome !== 'answered' || departure.quote === null) return;
      learnWait(learnedOf(model, line, start), lineKey(line.queueId, line.mediaType), departure.quote, waitSeconds);
    },
    handled(each) {
      handled.push(each);
    },
  };
  if (input.kind !== 'queue-state') {
    const queueIds = foldCentre(model.centre, input, listener);
    if (input.kind === 'queue-removed') {
      for (const [mediaType, { tunings }] of model.learned) tunings.delete(lineKey(input.queueId, mediaType));
    }
    return { joined, departed, handled, queueIds };
  }
  foldQueueState(model.centre, input.state, listener);
  return { joined, departed, handled, queueIds: [input.state.queueId] };
}

function learnedOf({ learned }: WaitModel, { mediaType }: Line, start: StartingWeights | null): Learned {
  let ofMedium = learned.get(mediaType);
  if (ofMedium === undefined) learned.set(mediaType, (ofMedium = startLearned(start)));
  return ofMedium;
}

/** What somebody is told who joins now and is not counted yet. */
function quoteFor(model: WaitModel, line: Line, priority: number, atMs: EpochMs, start: StartingWeights | null): Quote {
  const key = lineKey(line.queueId, line.mediaType);
  return quote(learnedOf(model, line, start), key, featuresOf(model.centre, line, priority, atMs));
}

export interface NewcomerQuote {
  /** To be asked for before anything else is folded, and only where it is said: of many queues there is a reason not to. */
  quote(): Quote;
  readonly features: Features;
  readonly tuning: Tuning;
  /** Callers of more than one priority come here, so that a place in the queue may be lost again. */
  readonly prioritiesApply: boolean;
  /** Interactions are heard one by one, not only counted. */
  readonly isNamed: boolean;
}

/** What is known to somebody who joins now, with the priority that most callers have. */
export function quoteNewcomer(
  model: WaitModel,
  queueId: string,
  mediaType: string,
  atMs: EpochMs,
  start: StartingWeights | null,
): NewcomerQuote {
  const key = lineKey(queueId, mediaType);
  const line = model.centre.lines.get(key) ?? startLine(queueId, mediaType, atMs);
  const learned = learnedOf(model, line, start);
  const features = featuresOf(model.centre, line, usualPriority(line), atMs);
  return {
    quote: () => quote(learned, key, features),
    features,
    tuning: tuningOf(learned, key),
    prioritiesApply: line.joins.size > 1,
    isNamed: model.centre.namedQueues.has(queueId),
  };
}
