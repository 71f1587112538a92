import { mediaTypes, type MediaType } from '../media.ts';
import { voiceSettings, type MediaSettings } from '../roster.ts';
import { dayCurve, fullHoursOf } from './day.ts';
import { logNormal, uniform, type Random } from './random.ts';

/** What one medium is like, whatever the queue. */
interface Habits {
  readonly settings: MediaSettings;
  readonly talkMeanMs: number;
  readonly acwMeanMs: number;
  /** Absent where nobody gives up. */
  readonly patienceScaleMs?: number;
  /** Higher goes first. */
  readonly priority: number;
  /** Below 1 the day is flatter than that of calls. */
  readonly dayExponent: number;
}

const secondMs = 1_000;
const hourMs = 3_600_000;

function mediaSettings(alertingTimeoutSeconds: number, percentage: number, durationMs: number): MediaSettings {
  return { alertingTimeoutSeconds, serviceLevel: { percentage, durationMs } };
}

export const habits: Readonly<Record<MediaType, Habits>> = {
  voice: {
    settings: voiceSettings,
    talkMeanMs: 230 * secondMs,
    acwMeanMs: 28 * secondMs,
    patienceScaleMs: 240 * secondMs,
    priority: 3,
    dayExponent: 1,
  },
  callback: {
    settings: mediaSettings(30, 0.8, hourMs),
    talkMeanMs: 200 * secondMs,
    acwMeanMs: 28 * secondMs,
    priority: 2,
    dayExponent: 1,
  },
  chat: {
    settings: mediaSettings(15, 0.8, 40 * secondMs),
    talkMeanMs: 380 * secondMs,
    acwMeanMs: 15 * secondMs,
    patienceScaleMs: 300 * secondMs,
    priority: 3,
    dayExponent: 0.8,
  },
  email: {
    settings: mediaSettings(60, 0.9, 4 * hourMs),
    talkMeanMs: 320 * secondMs,
    acwMeanMs: 12 * secondMs,
    priority: 0,
    dayExponent: 0.6,
  },
  message: {
    settings: mediaSettings(20, 0.8, 300 * secondMs),
    talkMeanMs: 260 * secondMs,
    acwMeanMs: 12 * secondMs,
    patienceScaleMs: 3600 * secondMs,
    priority: 1,
    dayExponent: 0.8,
  },
};

/** One medium of one queue: how often, how long, how patient. */
export interface Stream {
  readonly mediaType: MediaType;
  /** Arrivals in a millisecond of full busyness. */
  readonly perMs: number;
  /** Busyness in each half hour of a day. */
  readonly curve: readonly number[];
  readonly talkMeanMs: number;
  readonly acwMeanMs: number;
  /** Infinite where nobody gives up. */
  readonly patienceScaleMs: number;
  /** 1 = those who have waited long are no less patient. */
  readonly patienceShape: number;
  readonly alertingTimeoutMs: number;
}

/** The media of one queue; `perMs` says only how they compare, until `scaleStreams`. */
export function createStreams(
  weight: number,
  shares: Readonly<Record<MediaType, number>>,
  random: Random,
): readonly Stream[] {
  const pace = logNormal(random, 1, 0.3);
  const mood = logNormal(random, 1, 0.3);
  const patienceShape = random() < 0.5 ? 1 : 1.4;
  const shiftHours = uniform(random, -0.75, 0.75);
  const chances = mediaTypes.map((mediaType) => random() < (mediaType === 'voice' ? 1 : 0.6));
  const wanted = mediaTypes.filter((mediaType) => shares[mediaType] > 0);
  const some = wanted.filter((mediaType) => chances[mediaTypes.indexOf(mediaType)]);
  const served = some.length > 0 ? some : wanted;
  const total = served.reduce((sum, mediaType) => sum + shares[mediaType], 0);
  return served.map((mediaType): Stream => {
    const { talkMeanMs, acwMeanMs, patienceScaleMs = Infinity, dayExponent, settings } = habits[mediaType];
    return {
      mediaType,
      perMs: (weight * shares[mediaType]) / total,
      curve: dayCurve(dayExponent, shiftHours),
      talkMeanMs: talkMeanMs * pace,
      acwMeanMs,
      patienceScaleMs: patienceScaleMs * mood,
      patienceShape,
      alertingTimeoutMs: settings.alertingTimeoutSeconds * secondMs,
    };
  });
}

/** The same streams with as many arrivals as make so many hours of work a day. */
export function scaleStreams(
  streams: readonly (readonly Stream[])[],
  workHours: number,
): readonly (readonly Stream[])[] {
  const work = streams
    .flat()
    .reduce((sum, each) => sum + each.perMs * (each.talkMeanMs + each.acwMeanMs) * fullHoursOf(each.curve), 0);
  return streams.map((each) => each.map((stream) => ({ ...stream, perMs: (stream.perMs * workHours) / work })));
}
