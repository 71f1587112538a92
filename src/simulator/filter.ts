import { z } from 'zod';
import { fieldType } from './rest.ts';

const typeSchema = fieldType('QueryFilterType', ['and', 'or']);

const predicateSchema = z
  .object({
    type: z.literal('dimension').default('dimension'),
    dimension: z.string(),
    operator: fieldType('QueryPredicateOperator', ['matches', 'exists', 'notExists']).default('matches'),
    value: z.string().optional(),
  })
  .refine(({ dimension, value }) => !idDimensions.includes(dimension) || value === undefined || uuid.test(value), {
    error: (issue) => invalidId(issue.input),
  });

const idDimensions = ['queueId', 'userId'];
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function invalidId(predicate: unknown): string {
  const { dimension, value } = z.object({ dimension: z.string(), value: z.string() }).parse(predicate);
  return `${dimension} ${value} is not a valid UUID.`;
}

const predicatesSchema = z.array(predicateSchema).default([]);

/** The filter of every analytics query: predicates, and clauses of predicates. */
export const filterSchema = z.object({
  type: typeSchema,
  predicates: predicatesSchema,
  clauses: z.array(z.object({ type: typeSchema, predicates: predicatesSchema })).default([]),
});

export type Filter = z.output<typeof filterSchema>;

/**
 * Dimension → value of one thing to select, empty where it has none. A dimension that it cannot have at all is left out,
 * and matches anything.
 */
export type Dimensions = Readonly<Record<string, string>>;

export function selects(filter: Filter, dimensions: Dimensions): boolean {
  return passes(filter, dimensions, false);
}

/** Whether a filter may select something with these dimensions, whatever its others are: saves listing what it cannot. */
export function maySelect(filter: Filter | undefined, dimensions: Dimensions): boolean {
  return filter === undefined || passes(filter, dimensions, true);
}

function passes({ type, predicates, clauses }: Filter, dimensions: Dimensions, isPart: boolean): boolean {
  const list = type === 'or' && clauses.length === 0 ? idSetOf(predicates) : null;
  if (list !== null) {
    const own = dimensions[list.dimension];
    return own === undefined || list.values.has(own.toLowerCase());
  }
  return holds(type, [
    ...predicates.map((predicate) => fits(predicate, dimensions, isPart)),
    ...clauses.map((clause) =>
      holds(
        clause.type,
        clause.predicates.map((predicate) => fits(predicate, dimensions, isPart)),
      ),
    ),
  ]);
}

/** Whether a filter speaks of a dimension anywhere. */
export function names({ predicates, clauses }: Filter, dimension: string): boolean {
  return [...predicates, ...clauses.flatMap((clause) => clause.predicates)].some(
    (each) => each.dimension === dimension,
  );
}

/** Ids of a list of predicates that are all of one dimension, as those of many queues are; looked up instead of compared one by one. */
const idSets = new WeakMap<object, { readonly dimension: string; readonly values: ReadonlySet<string> } | null>();

function idSetOf(predicates: readonly z.output<typeof predicateSchema>[]) {
  let set = idSets.get(predicates);
  if (set === undefined) {
    const dimension = predicates[0]?.dimension ?? '';
    const isList = predicates.every((each) => each.operator === 'matches' && each.dimension === dimension);
    const values = new Set(predicates.map(({ value }) => value?.toLowerCase() ?? ''));
    set = isList && predicates.length > 1 ? { dimension, values } : null;
    idSets.set(predicates, set);
  }
  return set;
}

function holds(type: 'and' | 'or', results: readonly boolean[]): boolean {
  return type === 'and' ? results.every(Boolean) : results.length === 0 || results.some(Boolean);
}

function fits(
  { dimension, operator, value }: z.output<typeof predicateSchema>,
  dimensions: Dimensions,
  isPart: boolean,
): boolean {
  const own = dimensions[dimension];
  if (own === undefined && isPart) return true;
  if (operator !== 'matches') return (own !== undefined && own !== '') === (operator === 'exists');
  return own === undefined || own.toLowerCase() === value?.toLowerCase();
}
