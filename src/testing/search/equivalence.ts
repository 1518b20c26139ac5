/**
 * The kind of an execution: what it has in common with all that differ from it only in the order of independent steps.
 *
 * Two executions are of one kind when each object was written and looked at by the same steps in the same order, where those who only
 * look between two writes have no order. Steps are named by the key of their proc and their number among its steps. An object is named
 * by who touches it: of all pairs of a proc and "the so-and-so-many-eth object that it touches", the smallest. Both are the same in all
 * executions of a kind.
 *
 * Stands on what the log says. Leaves to `following.ts` to run another one of the kind.
 */
import type { Random } from '../schedule/random.ts'
import type { Recording, Taken } from './search.ts'

/** What is known of an object. */
interface Uses {
  /** Its name: the smallest of who touches it. */
  key: string
  nth: number
  /** Writes and groups of looks, in order. */
  readonly history: string[]
  /** Who has looked at it since the last write. */
  looks: string[]
}

/** What a proc has done. */
interface Deeds {
  steps: number
  readonly touched: Set<object>
}

/** The kind of an execution, as a text: two executions have the same one if and only if they are of one kind. */
export function canonicalTrace({ steps }: Pick<Recording, 'steps'>): string {
  const deeds = new Map<string, Deeds>()
  const objects = new Map<object, Uses>()
  for (const { proc, touched } of steps) {
    let done = deeds.get(proc.key)
    if (done === undefined) {
      done = { steps: 0, touched: new Set() }
      deeds.set(proc.key, done)
    }
    const name = `${proc.key}#${String(++done.steps)}`
    for (const [object, written] of touched) noteUse(usesOf(objects, object, proc.key, done), name, written)
  }
  const lines: string[] = []
  for (const uses of objects.values()) {
    endLooks(uses)
    lines.push(`${uses.key}:${String(uses.nth)}=${uses.history.join(' ')}`)
  }
  for (const [key, { steps: count }] of deeds) lines.push(`${key}*${String(count)}`)
  return lines.sort().join('\n')
}

function usesOf(objects: Map<object, Uses>, object: object, key: string, { touched }: Deeds): Uses {
  let uses = objects.get(object)
  if (uses === undefined) {
    uses = { key, nth: touched.size + 1, history: [], looks: [] }
    objects.set(object, uses)
  }
  if (!touched.has(object)) {
    touched.add(object)
    if (key < uses.key) {
      uses.key = key
      uses.nth = touched.size
    }
  }
  return uses
}

function noteUse(uses: Uses, step: string, written: boolean): void {
  if (!written) {
    uses.looks.push(step)
    return
  }
  endLooks(uses)
  uses.history.push(step)
}

function endLooks(uses: Uses): void {
  if (uses.looks.length === 0) return
  uses.history.push(`(${uses.looks.sort().join(' ')})`)
  uses.looks = []
}

/** Another order of the steps of an execution, of the same kind. */
export interface Linearization {
  /** The keys of the procs that take them. */
  readonly keys: readonly string[]
  /** Their numbers in the execution. */
  readonly order: readonly number[]
}

/** Draws one of the orders that are of the same kind: between two barriers, any that keeps to who comes before whom. */
export function linearization({ steps }: Pick<Recording, 'steps'>, random: Random): Linearization {
  const order: number[] = []
  for (let began = 0, end = 1; began < steps.length; began = end++) {
    while (end < steps.length && steps[end]?.barrier === false) end++
    draw(steps.slice(began, end), began, random, order)
  }
  return { order, keys: order.map((step) => steps[step]?.proc.key ?? '') }
}

/** Appends the steps from `began` on to `order`, in an order by chance. */
function draw(steps: readonly Taken[], began: number, random: Random, order: number[]): void {
  const { after, waits } = constraints(steps, began)
  const open: number[] = []
  waits.forEach((count, step) => {
    if (count === 0) open.push(step)
  })
  while (open.length > 0) {
    const place = random.below(open.length)
    const step = open[place] ?? 0
    open[place] = open.at(-1) ?? 0
    open.pop()
    order.push(began + step)
    for (const next of after[step] ?? []) {
      const left = (waits[next] ?? 0) - 1
      waits[next] = left
      if (left === 0) open.push(next)
    }
  }
}

/** By step, which others come directly after it, and for how many it waits. */
function constraints(steps: readonly Taken[], began: number): { after: number[][]; waits: number[] } {
  const after: number[][] = steps.map(() => [])
  const waits: number[] = steps.map(() => 0)
  const lastOf = new Map<string, number>()
  const uses = new Map<object, { write: number; looks: number[] }>()
  steps.forEach(({ proc, madeReadyBy, touched }, step) => {
    const before = new Set([lastOf.get(proc.key) ?? -1, madeReadyBy - began])
    lastOf.set(proc.key, step)
    for (const [object, written] of touched) {
      const use = uses.get(object) ?? { write: -1, looks: [] }
      uses.set(object, use)
      before.add(use.write)
      if (written) {
        for (const look of use.looks) before.add(look)
        use.write = step
        use.looks = []
      } else {
        use.looks.push(step)
      }
    }
    for (const earlier of before) {
      if (earlier < 0) continue
      after[earlier]?.push(step)
      waits[step] = (waits[step] ?? 0) + 1
    }
  })
  return { after, waits }
}
