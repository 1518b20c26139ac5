/**
 * What is said of an explored test that was ended by a budget: which, and what can be done.
 *
 * Stands on the result of an exploration.
 */
import { TestingError } from '../execution/outcome.ts'
import type { Bound, ExploreResult } from '../runs/explore.ts'

const REASONS: Readonly<Partial<Record<Bound, string>>> = {
  executions: 'maxExecutions was reached',
  time: 'maxMs was over',
  spins: 'a greenlet gives way by sleep(0) again and again',
}

/** What can be done, as options and remarks. */
function remedies({ bound, independence, executions }: ExploreResult): (readonly [options: string, remark: string])[] {
  const anyway = ['complete: false', 'takes what it could see'] as const
  if (bound === 'spins') return [['spins: 100', 'sees longer ones'], anyway]
  const more =
    bound === 'time'
      ? (['maxMs: 60_000', 'goes on for longer'] as const)
      : ([`maxExecutions: ${tenfold(executions)}`, 'goes on for longer'] as const)
  if (independence === 'tracked') return [more, anyway]
  return [
    ["independence: 'tracked'", 'leaves out what makes no difference, if all that is shared is made by t.shared()'],
    ['preemptions: 2', 'leaves out schedules with more: most mistakes need no more'],
    more,
    anyway,
  ]
}

function tenfold(executions: number): string {
  return (executions * 10).toLocaleString('en').replaceAll(',', '_')
}

/** @throws TestingError when a budget has ended an exploration. A bound of preemptions is one that the user has set. */
export function checkComplete(result: ExploreResult): void {
  const reason = REASONS[result.bound]
  if (result.complete || reason === undefined) return
  const lines = remedies(result).map(
    ([options, remark]) => [`  it.explore(name, { ${options} }, body)`, remark] as const,
  )
  const width = Math.max(...lines.map(([line]) => line.length))
  const spins = result.bound === 'spins' ? '\n  Wait for an Event or a Condition instead of asking over and over.' : ''
  throw new TestingError(
    `Not every schedule was run: ${reason}.\n${result.summary}\n\n` +
      `None of these has failed, but the test claims all. What can be done:\n${lines.map(([line, remark]) => `${line.padEnd(width)}   // ${remark}`).join('\n')}${spins}`,
  )
}
