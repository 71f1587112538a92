import { type WaitPrediction, waitPrediction } from './records/wait-prediction.ts';

/** The fields without those that are left out. Named once: a prediction is compared with the last one many times a second. */
const fieldsWithout = <Field extends string>(
  fields: readonly Field[],
  ...without: readonly Field[]
): readonly Field[] => fields.filter((field) => !without.includes(field));

const { inputs: inputsSchema, announce: announceSchema } = waitPrediction.schema.shape;
const plainFields = fieldsWithout(
  waitPrediction.schema.keyof().options,
  ...(['confidence', 'inputs', 'announce', 'observedAtMs', 'issuedAtMs'] as const),
);
const inputFields = fieldsWithout(inputsSchema.keyof().options, 'answersLearned', 'coverageP80');
const announceFields = announceSchema.keyof().options;

/** Whether nothing has changed but the times, and how much was learned: that alone is no news. */
export function isSamePrediction(a: WaitPrediction, b: WaitPrediction): boolean {
  for (const field of plainFields) if (a[field] !== b[field]) return false;
  for (const field of inputFields) if (a.inputs[field] !== b.inputs[field]) return false;
  for (const field of announceFields) if (a.announce[field] !== b.announce[field]) return false;
  return true;
}
