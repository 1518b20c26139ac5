/**
 * What a session of a backdoor has beyond JavaScript: `.greenlets`, `.tree` and `.kill`.
 *
 * Stands on the tree. Leaves it to the session to read lines.
 */
import { SpawnedGreenlet } from '../../gevent/lineage.ts'
import { getHub } from '../../hub/default.ts'
import { formatRunInfo } from '../../tree/run-info.ts'
import { doingOf } from '../../tree/state.ts'
import { nameOf } from '../../tree/values.ts'

/** A command: what `.help` says of it, and what it answers. */
export interface Command {
  readonly help: string
  readonly answer: (argument: string) => string
}

/** By name, without the dot. */
export const commands: Readonly<Record<string, Command>> = {
  greenlets: { help: 'List the living greenlets, with number, state and wait', answer: listGreenlets },
  tree: { help: 'Draw the tree of greenlets, by who has spawned whom', answer: () => formatRunInfo() },
  kill: { help: 'Kill a greenlet: .kill <name or number>', answer: killOne },
}

/** Rows of a list. */
const MOST_ROWS = 200

function living(): SpawnedGreenlet[] {
  return getHub()
    .living()
    .filter((task) => task instanceof SpawnedGreenlet)
}

function listGreenlets(): string {
  const all = living()
  if (all.length === 0) return 'No greenlet lives.'
  const rows = all.slice(0, MOST_ROWS).map((greenlet) => {
    const { state, wait, because } = doingOf(greenlet, getHub())
    const doing = wait === null ? state : `${state} in ${wait}`
    return [String(greenlet.minimalIdent), nameOf(greenlet), because === null ? doing : `${doing}, ${because}`] as const
  })
  const [numbers, names] = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) as [
    number,
    number,
  ]
  const lines = rows.map(([number, name, doing]) => `${number.padStart(numbers)}  ${name.padEnd(names)}  ${doing}`)
  if (all.length > rows.length) lines.push(`... and ${all.length - rows.length} more`)
  return lines.join('\n')
}

function killOne(argument: string): string {
  const whom = argument.trim()
  if (whom === '') return 'Whom? .kill <name or number>; .greenlets lists them.'
  const all = living()
  const numbered = /^\d+$/u.test(whom) ? all.find(({ minimalIdent }) => minimalIdent === Number(whom)) : undefined
  const found = numbered === undefined ? all.filter(({ name }) => name === whom) : [numbered]
  const [one] = found
  if (one === undefined) return `No living greenlet has the name or the number ${JSON.stringify(whom)}.`
  if (found.length > 1) {
    const numbers = found.slice(0, MOST_ROWS).map(({ minimalIdent }) => minimalIdent)
    return `${found.length} greenlets are called ${JSON.stringify(whom)}; take a number: ${numbers.join(', ')}.`
  }
  one.kill()
  return `${nameOf(one)} (${one.minimalIdent}) is killed.`
}
