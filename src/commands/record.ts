import type { Command } from 'commander';
import { composeRecording, isoTime } from '../compose.ts';
import { counted } from '../counted.ts';
import { createLog } from '../log.ts';
import { createRecordingWriter, type RecordingWriter } from '../recording/writer.ts';
import { runStages } from '../stages.ts';
import { openPlatform, refuseRecording, refuseRecordingPseudonyms, timeZoneOf } from './platform.ts';
import { addSettings, readConfig } from './settings.ts';
import { stopOnSignal } from './signals.ts';

export function addRecordCommand(program: Command): void {
  const command = program
    .command('record')
    .description('subscribe as run does and write what arrives into a file, without personal data, for run --source')
    .requiredOption('--out <file>', 'the file to make, .jsonl or .jsonl.gz; one that is there is not written over');
  addSettings(command).action(async (options: Readonly<Record<string, unknown>>) => {
    const { config: given } = readConfig(options);
    refuseRecording(given);
    refuseRecordingPseudonyms(given);
    const { stop, hurry } = stopOnSignal();
    const path = String(options['out']);
    const recorder = await createRecordingWriter(path, () => {
      process.stdout.write(`Recording to ${path}. Ctrl-C ends in order.\n`);
    });
    const platform = await openPlatform(given, stop.signal);
    const { simulator, config, clock: platformClock, answerWithinMs } = platform;
    const log = createLog(config.logLevel, (line) => void process.stderr.write(line));
    const end = () => stop.abort();
    simulator?.ended.then(end, end);
    try {
      const timeZone = timeZoneOf(platform);
      const stage = composeRecording({ config, platformClock, answerWithinMs, timeZone, log }, recorder);
      await runStages([stage], { drain: stop.signal, hurry });
    } finally {
      await Promise.all([simulator?.close(), recorder.close()]);
    }
    process.stdout.write(`${describeRecording(recorder)}\n`);
  });
}

/** What a recording holds, in a line. */
export function describeRecording({ path, counts }: RecordingWriter): string {
  const { frames, answers, ticks, gaps, bytes, firstMs, lastMs } = counts;
  if (firstMs === null || lastMs === null) return `Recorded nothing: ${path} was not made.`;
  const what = [counted(frames, 'frame'), counted(answers, 'answer'), counted(ticks, 'tick')].join(', ');
  return `Recorded ${what} and ${counted(gaps, 'gap')} from ${isoTime(firstMs)} to ${isoTime(lastMs)} in ${path} (${bytes} bytes).`;
}
