import { InvalidArgumentError, type Command } from 'commander';
import { credentials, platformUrls } from '../compose.ts';
import { type Answer as HttpAnswer, createSend } from '../genesys/http.ts';
import { createRest } from '../genesys/rest.ts';
import { renderAnswer } from '../predict/answer.ts';
import { mediaNames, mediaTypeOf } from '../predict/media.ts';
import { predictQueue } from '../predict/predict.ts';
import type { Reader } from '../predict/read.ts';
import { addModelOptions, readModel, refuse } from './model-options.ts';
import { isOnSimulator, openPlatform, type Platform, refuseRecording } from './platform.ts';
import { addSettings, readConfig } from './settings.ts';
import { stopOnSignal } from './signals.ts';

const settings = [
  ...['source', 'clientId', 'region', 'gatewayHost', 'gatewayPort', 'gatewayProtocol', 'clock'],
  ...['trace', 'traceTimeZone', 'timeZone', 'announcementMode', 'announcementLocale', 'callbackAfterSeconds'],
];
/** In real milliseconds. */
const silenceMsMax = 15_000;
/** On the sample day somebody waits then. */
const startMinuteDefault = 13 * 60 + 10;

/** `exit` is called with 1 when something could not be read for another reason than a missing permission. */
export function addPredictCommand(program: Command, exit: (code: number) => void): void {
  const command = program
    .command('predict')
    .description(
      'tell once how long somebody would wait who joins a queue now: by the tutorial, by us, by the platform',
    )
    .requiredOption('--queue <id or name>', 'the queue')
    .option('--media <name>', `${mediaNames.join(', ')}; default: those in use`, readMedia)
    .option('--at <HH:MM>', 'on a simulator of its own: the time of its day; default: 13:10', readTime)
    .option('--json', 'machine-readable');
  addModelOptions(command);
  addSettings(command, settings).action(async (options: Readonly<Record<string, unknown>>) => {
    const { config } = readConfig(options);
    refuseRecording(config);
    const model = readModel(command, options);
    const isOwn = isOnSimulator(config);
    const { at, media, queue } = options;
    if (!isOwn && (at !== undefined || model !== undefined)) {
      const which = at !== undefined ? '--at is the time' : '--model is the centre';
      refuse(command, `${which} of a simulator of this process: add --source simulator, or leave it out`);
    }
    const { signal } = stopOnSignal().stop;
    const startMinute = typeof at === 'number' ? at : startMinuteDefault;
    // Nothing is waited for, so that the day need not pass any faster than it does.
    const platform = await openPlatform({ ...config, speed: 1 }, signal, { model, startMinute });
    try {
      const wanted = { queue: String(queue), mediaType: typeof media === 'string' ? media : undefined };
      // As `run` takes it.
      const timeZone = config.timeZone ?? (platform.simulator === undefined ? 'UTC' : config.traceTimeZone);
      const answer = await predictQueue(createReader(platform, signal), wanted, { ...config, timeZone });
      const text = options['json'] === true ? JSON.stringify(answer, null, 2) : renderAnswer(answer).join('\n');
      process.stdout.write(`${text}\n`);
      if (answer.notRead.some(({ status }) => status === 'failed')) exit(1);
    } finally {
      await platform.simulator?.close();
    }
  });
}

export function createReader({ config, clock }: Platform, signal: AbortSignal): Reader {
  let answer: HttpAnswer | undefined;
  const send = createSend(silenceMsMax);
  const rest = createRest({
    ...platformUrls(config),
    ...credentials(config),
    clock,
    random: Math.random,
    async send(url, request, until) {
      answer = undefined;
      return (answer = await send(url, request, until));
    },
  });
  return { rest, clock, signal, lastAnswer: () => (answer === undefined ? undefined : { answer }) };
}

function readMedia(name: string): string {
  const mediaType = mediaTypeOf(name);
  if (mediaType === undefined) throw new InvalidArgumentError(`Allowed: ${mediaNames.join(', ')}.`);
  return mediaType;
}

function readTime(text: string): number {
  const [, hours = '', minutes = ''] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim()) ?? [];
  if (hours === '') throw new InvalidArgumentError('Allowed: a time of day, 00:00 to 23:59.');
  return Number(hours) * 60 + Number(minutes);
}
