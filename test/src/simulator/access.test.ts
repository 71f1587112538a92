import { describe, expect, test } from 'vitest';
import { allPermissions, permissionsWithout } from '../../../src/simulator/access.ts';

describe('what a client may do', () => {
  test('is all but what is denied', () => {
    const denied = ['routing:queue:view', 'conversation:communication:view'];
    const left = permissionsWithout(denied.join(', '));
    expect([...left, ...denied].sort()).toEqual([...allPermissions].sort());
  });

  test.each(['', 'routing:queue', 'routing:queue:view,'])('"%s" is refused with the permissions there are', (text) => {
    expect(() => permissionsWithout(text)).toThrow(
      /is no permission .* those are: analytics:queueObservation:view, .*/,
    );
  });
});
