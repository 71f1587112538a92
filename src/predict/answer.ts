import type { EpochMs } from '../../streams/record.ts';
import type { WaitPrediction } from '../../streams/records/wait-prediction.ts';
import { type Finding, renderFinding } from '../check/finding.ts';
import type { QueueName } from './queue-choice.ts';
import type { PlatformEstimate } from './read.ts';
import type { TutorialPayload } from './tutorial.ts';

/** What is said of one queue and medium, by three who foretell. */
export interface MediumAnswer {
  readonly mediaType: string;
  /** The wait prediction tutorial's payload, its bugs corrected. */
  readonly tutorial: TutorialPayload;
  /** The record `wait-prediction` as the live pipeline writes it. */
  readonly calibrated: WaitPrediction;
  readonly platform: PlatformEstimate;
}

export interface Answer {
  readonly queue: QueueName;
  readonly atMs: EpochMs;
  readonly predictions: readonly MediumAnswer[];
  /** What could not be read, what is lost by that, and the permissions that it needs. */
  readonly notRead: readonly Finding[];
}

type Cell = string | number | boolean | null | undefined;
type Line = readonly [label: string, tutorial: Cell, calibrated: Cell, platform: Cell];

/** The answer for people: a table for each medium, what would be announced, and what could not be read. */
export function renderAnswer({ queue, atMs, predictions, notRead }: Answer): readonly string[] {
  const title = queue.name === null ? queue.id : `${queue.name} (${queue.id})`;
  const lines = predictions.flatMap((prediction) => [
    `${title}, ${prediction.mediaType}, ${new Date(atMs).toISOString()}`,
    '',
    ...renderLines(linesOf(prediction)),
    '',
    ...announcements(prediction),
    '',
  ]);
  const findings = notRead.map(renderFinding);
  return findings.length === 0 ? lines.slice(0, -1) : [...lines, 'not read:', ...findings];
}

const titles: Line = ['', 'tutorial', 'calibrated', 'platform'];

/** Under the tutorial's names where it has one, for whoever knows its payload; "-" = none, and never 0. */
function linesOf({ tutorial, calibrated, platform }: MediumAnswer): readonly Line[] {
  const { inputs } = calibrated;
  const wait = platform.estimatedWaitTimeSeconds;
  const isDefault = (name: TutorialPayload['defaulted'][number]) =>
    tutorial.defaulted.includes(name) ? ' (default)' : '';
  const time = (name: TutorialPayload['defaulted'][number]) =>
    tutorial[name] === null ? null : `${Math.round(tutorial[name] * 10) / 10}${isDefault(name)}`;
  return [
    ['in_queue_count', tutorial.in_queue_count, inputs.waiting, null],
    ['agents_available', tutorial.agents_available, inputs.agentsIdle, null],
    ['agents_on_queue', null, inputs.agentsOnQueue, null],
    ['effective_agents', tutorial.effective_agents, null, null],
    ['nobody_available', tutorial.nobody_available, null, null],
    ['avg_handle_time', time('avg_handle_time'), inputs.handleSeconds, null],
    ['avg_wait_time', time('avg_wait_time'), null, null],
    ['predicted_wait_seconds', orMore(tutorial), calibrated.waitSecondsP50, wait],
    ['predicted_wait_formatted', tutorial.predicted_wait_formatted, minutes(calibrated.waitSecondsP50), minutes(wait)],
    ['p80_seconds', null, calibrated.waitSecondsP80, null],
    ['p90_seconds', null, calibrated.waitSecondsP90, null],
    ['confidence_score', tutorial.confidence_score, calibrated.confidence, null],
    ['estimator', tutorial.reason === null ? 'seed' : null, calibrated.estimator, platform.formula],
    ['no estimate because', tutorial.reason, calibrated.reason, platform.reason],
  ];
}

const orMore = ({ predicted_wait_seconds: seconds, capped }: TutorialPayload) =>
  capped === true ? `> ${seconds}` : seconds;

function minutes(seconds: number | null): string | null {
  if (seconds === null) return null;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

function renderLines(lines: readonly Line[]): readonly string[] {
  const shown = [titles, ...lines].map((line) => line.map((cell) => (cell == null ? '-' : String(cell))));
  const widths = titles.map((_, column) => Math.max(...shown.map((cells) => cells[column]?.length ?? 0)));
  return shown.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function announcements({ tutorial, calibrated }: MediumAnswer): readonly string[] {
  return [
    `tutorial    ${tutorial.announcement_text ?? '-'}`,
    `calibrated  ${calibrated.announcementText}`,
    ...(calibrated.offerCallback ? ['            Offer a callback.'] : []),
  ];
}
