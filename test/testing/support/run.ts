/**
 * Runs a body under one policy after the other, for tests of searches.
 */
import { type Body, Execution, type ExecutionSettings } from '../../../src/testing/execution/execution.ts'
import { Stage } from '../../../src/testing/execution/stage.ts'
import type { Policy } from '../../../src/testing/schedule/choices.ts'

const SETTINGS: ExecutionSettings = {
  caller: 'explore()',
  order: 'any',
  maxSteps: 1000,
  spins: 20,
  log: 'none',
  realIO: 'forbid',
  labels: new Map(),
}

/** Gives a function that runs `body` once, from its beginning. */
export function runner(
  body: Body,
  settings: Partial<ExecutionSettings> = {},
): (policy: Policy, log: 'none' | 'footprints') => Execution {
  const stage = new Stage()
  return (policy, log) => Execution.run(stage, body, policy, { ...SETTINGS, ...settings, log })
}
