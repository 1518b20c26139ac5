/**
 * Programs that are plain data, and an interpreter of them that keeps a log: what the searches are tested on.
 *
 * A program is some threads, each a list of steps, each a list of actions. A step ends behind its last action, or with a wait: a wait
 * always ends its step, also when there is nothing to wait for. Each action touches what it would touch in the real thing.
 */

import type { Outcome } from '../../../src/testing/execution/outcome.ts'
import { Choices, GIVE_UP, type Policy } from '../../../src/testing/schedule/choices.ts'
import { canonicalTrace } from '../../../src/testing/search/equivalence.ts'
import type { Actor, Recording, Search, Taken } from '../../../src/testing/search/search.ts'

/** What a thread does. Cells, locks and events go by name, threads by their place in the program. */
export type Action =
  | { do: 'read' | 'write' | 'add'; cell: string }
  | { do: 'acquire' | 'release'; lock: string }
  | { do: 'wait' | 'set'; event: string }
  | { do: 'sleep'; ms: number }
  | { do: 'start' | 'kill'; thread: number }
  | { do: 'fail'; unless: string; is: number }
  /** Makes all that the others share, and starts them. */
  | { do: 'make'; program: Program }
  /** Changes a cell, and tells nobody. */
  | { do: 'hide'; cell: string }

/** A thread: steps of actions. One that somebody starts is not ready at first. */
export interface ThreadProgram {
  readonly steps: readonly (readonly Action[])[]
  readonly later?: boolean
}

/** A program. */
export type Program = readonly ThreadProgram[]

/** A thread whose steps are one action each. */
export function thread(...actions: Action[]): ThreadProgram {
  return { steps: actions.map((action) => [action]) }
}

export const read = (cell: string): Action => ({ do: 'read', cell })
export const write = (cell: string): Action => ({ do: 'write', cell })
/** Writes one more than the thread has read last. */
export const add = (cell: string): Action => ({ do: 'add', cell })
export const acquire = (lock: string): Action => ({ do: 'acquire', lock })
export const release = (lock: string): Action => ({ do: 'release', lock })
export const wait = (event: string): Action => ({ do: 'wait', event })
export const set = (event: string): Action => ({ do: 'set', event })
export const sleep = (ms: number): Action => ({ do: 'sleep', ms })
export const start = (thread: number): Action => ({ do: 'start', thread })
export const kill = (thread: number): Action => ({ do: 'kill', thread })
export const fail = (unless: string, is: number): Action => ({ do: 'fail', unless, is })

/**
 * The program behind a first step of a thread that makes all that the others share, and starts them: as in tests of people. Without
 * it, the searches meet cells, locks and events for the first time where the threads do.
 */
export function made(program: Program): Program {
  return [...program.map((one) => ({ ...one, later: true })), { steps: [[{ do: 'make', program }]] }]
}

class Cell {
  value = 0
}

class Line {
  taken = false
  readonly waiting: Thread[] = []
}

/** Stands for a greenlet. */
class Thread {
  readonly name: string
  readonly program: ThreadProgram
  pc = 0
  seen = 0
  history = 7
  status: 'new' | 'ready' | 'waiting' | 'ended' = 'new'
  killed = false
  line: Line | null = null
  timer: Alarm | null = null

  constructor(name: string, program: ThreadProgram) {
    this.name = name
    this.program = program
  }
}

/** Stands for a timer. */
class Alarm {
  readonly thread: Thread
  readonly due: number

  constructor(thread: Thread, due: number) {
    this.thread = thread
    this.due = due
  }
}

class ModelStep implements Taken {
  readonly proc: ModelActor
  readonly offered: readonly Actor[]
  readonly madeReadyBy: number
  readonly barrier: boolean
  readonly touched: Map<object, boolean> = new Map<object, boolean>()

  constructor(proc: ModelActor, offered: readonly Actor[], barrier: boolean) {
    this.proc = proc
    this.offered = offered
    this.madeReadyBy = proc.madeReadyIn
    this.barrier = barrier
  }
}

class ModelActor implements Actor {
  readonly number: number
  readonly key: string
  readonly subject: object
  madeReadyIn = -1
  made = 0

  constructor(number: number, key: string, subject: object) {
    this.number = number
    this.key = key
    this.subject = subject
  }
}

/** The log of an execution of a program. */
class ModelLog implements Recording {
  readonly steps: ModelStep[] = []
  readonly #procs = new Map<object, ModelActor>()
  open: ModelStep | null = null

  procOf(subject: object): ModelActor {
    const known = this.#procs.get(subject)
    if (known !== undefined) return known
    const { open } = this
    const key = open === null ? `t${String(this.#procs.size + 1)}` : `${open.proc.key}/${String(++open.proc.made)}`
    const proc = new ModelActor(this.#procs.size, key, subject)
    this.#procs.set(subject, proc)
    return proc
  }

  touch(object: object, written: boolean): void {
    if (this.open === null) return
    if (written) this.open.touched.set(object, true)
    else if (!this.open.touched.has(object)) this.open.touched.set(object, false)
  }
}

/** An execution of a program. */
export class ModelExecution {
  outcome: Outcome = { kind: 'cut' }
  readonly choices: number[] = []
  preemptions = 0
  readonly spun = false
  readonly log: ModelLog | null
  readonly #log = new ModelLog()
  readonly #threads: Thread[]
  readonly #ready: Thread[] = []
  readonly #timers: Alarm[] = []
  readonly #cells = new Map<string, Cell>()
  readonly #lines = new Map<string, Line>()
  #now = 0

  constructor(program: Program, policy: Policy, log: 'none' | 'footprints' = 'footprints') {
    this.log = log === 'none' ? null : this.#log
    this.#threads = program.map((one, place) => new Thread(`t${String(place + 1)}`, one))
    for (const one of this.#threads) if (one.program.later !== true) this.#enqueue(one)
    policy.begin?.(this.#log)
    this.#run(policy)
  }

  #run(policy: Policy): void {
    const choices = new Choices()
    let last: Thread | null = null
    let barrier = false
    for (;;) {
      const due = this.#timers.filter((timer) => timer.due <= this.#now)
      const options = [...this.#ready, ...due]
      if (options.length === 0) {
        if (this.#timers.length === 0) break
        this.#now = Math.min(...this.#timers.map((timer) => timer.due))
        barrier = true
        continue
      }
      choices.ready.splice(0, Infinity, ...(this.#ready as never[])) // threads stand for greenlets
      choices.due.splice(0, Infinity, ...(due as never[]))
      choices.count = options.length
      choices.last = last === null ? -1 : this.#ready.indexOf(last)
      const option = policy.choose(choices, this.choices.length)
      if (option === GIVE_UP) return
      const subject = options[option]
      if (subject === undefined) throw new RangeError(`option ${String(option)} of ${String(options.length)}`)
      this.choices.push(option)
      if (choices.last >= 0 && option !== choices.last) this.preemptions++
      const step = new ModelStep(
        this.#log.procOf(subject),
        options.map((one) => this.#log.procOf(one)),
        barrier,
      )
      barrier = false
      this.#log.steps.push(step)
      this.#log.open = step
      this.#log.touch(subject, true)
      if (subject instanceof Thread) {
        last = subject
        this.#ready.splice(option, 1)
        this.#take(subject)
      } else {
        this.#goOff(subject)
      }
      this.#log.open = null
      if (this.outcome.kind === 'failed') return
    }
    const stuck = this.#threads.filter(({ status }) => status === 'waiting').map(({ name }) => name)
    if (stuck.length > 0) this.#fail('deadlock', stuck.join(' '))
    else this.outcome = { kind: 'returned', value: this.#state() }
  }

  #state(): string {
    const cells = [...this.#cells].map(([name, { value }]) => `${name}=${String(value)}`).sort()
    return [...cells, ...this.#threads.map((one) => `${one.name}:${one.status}:${String(one.history)}`)].join(' ')
  }

  #fail(why: 'error' | 'deadlock', message: string): void {
    this.outcome = { kind: 'failed', why, error: new Error(message), greenlet: '' }
  }

  #enqueue(thread: Thread): void {
    thread.status = 'ready'
    this.#log.procOf(thread).madeReadyIn = this.#log.steps.length - 1
    this.#log.touch(thread, true)
    this.#ready.push(thread)
  }

  #cell(name: string): Cell {
    const cell = this.#cells.get(name) ?? new Cell()
    this.#cells.set(name, cell)
    return cell
  }

  #line(name: string): Line {
    const line = this.#lines.get(name) ?? new Line()
    this.#lines.set(name, line)
    return line
  }

  #goOff(timer: Alarm): void {
    this.#timers.splice(this.#timers.indexOf(timer), 1)
    timer.thread.timer = null
    this.#enqueue(timer.thread)
  }

  #take(one: Thread): void {
    const step = one.killed ? undefined : one.program.steps[one.pc++]
    if (step === undefined) {
      one.status = 'ended'
      return
    }
    for (const action of step) if (this.#act(one, action)) return
    // A thread that has nothing left to do ends with its last step, as a greenlet does.
    if (one.pc >= one.program.steps.length) one.status = 'ended'
    else this.#enqueue(one)
  }

  /** Answers whether the step is over. */
  #act(one: Thread, action: Action): boolean {
    const log = this.#log
    switch (action.do) {
      case 'read': {
        const cell = this.#cell(action.cell)
        log.touch(cell, false)
        one.seen = cell.value
        one.history = (one.history * 31 + cell.value + 1) % 1_000_003
        return false
      }
      case 'write':
      case 'add':
      case 'hide': {
        const cell = this.#cell(action.cell)
        if (action.do !== 'hide') log.touch(cell, true)
        cell.value =
          action.do === 'add' ? one.seen + 1 : (one.history * 17 + one.pc * 3 + this.#threads.indexOf(one)) % 1_000_003
        return false
      }
      case 'fail': {
        const cell = this.#cell(action.unless)
        log.touch(cell, false)
        if (cell.value !== action.is) this.#fail('error', `${action.unless} is ${String(cell.value)}`)
        return cell.value !== action.is
      }
      case 'make': {
        for (const { steps } of action.program) for (const one of steps.flat()) this.#make(one)
        action.program.forEach(({ later }, place) => {
          const other = this.#threads[place]
          if (other !== undefined && later !== true) this.#enqueue(other)
        })
        return false
      }
      case 'acquire': {
        const lock = this.#line(action.lock)
        log.touch(lock, true)
        if (lock.taken) this.#block(one, lock)
        else {
          lock.taken = true
          this.#enqueue(one)
        }
        return true
      }
      case 'release': {
        const lock = this.#line(action.lock)
        log.touch(lock, true)
        const next = lock.waiting.shift()
        if (next === undefined) lock.taken = false
        else this.#wake(next)
        return false
      }
      case 'wait': {
        const event = this.#line(`event ${action.event}`)
        log.touch(event, !event.taken)
        if (event.taken) this.#enqueue(one)
        else this.#block(one, event)
        return true
      }
      case 'set': {
        const event = this.#line(`event ${action.event}`)
        log.touch(event, true)
        event.taken = true
        for (let next = event.waiting.shift(); next !== undefined; next = event.waiting.shift()) this.#wake(next)
        return false
      }
      case 'sleep': {
        one.status = 'waiting'
        one.timer = new Alarm(one, this.#now + action.ms)
        log.procOf(one.timer).madeReadyIn = log.steps.length - 1
        this.#timers.push(one.timer)
        return true
      }
      case 'start': {
        const other = this.#threads[action.thread]
        if (other === undefined) return false
        log.touch(other, true)
        if (other.status === 'new') this.#enqueue(other)
        return false
      }
      case 'kill': {
        const other = this.#threads[action.thread]
        if (other === undefined || other === one) return false
        log.touch(other, true)
        if (other.status === 'ended') return false
        other.killed = true
        if (other.status !== 'waiting') {
          if (other.status === 'new') other.status = 'ended'
          // One that is ready, and has not begun, is made ready again: for its end.
          else if (other.pc === 0) log.procOf(other).madeReadyIn = log.steps.length - 1
          return false
        }
        if (other.timer !== null) this.#timers.splice(this.#timers.indexOf(other.timer), 1)
        if (other.line !== null) {
          log.touch(other.line, true)
          other.line.waiting.splice(other.line.waiting.indexOf(other), 1)
        }
        other.timer = null
        this.#wake(other)
        return false
      }
    }
  }

  #make(action: Action): void {
    if ('cell' in action) this.#log.touch(this.#cell(action.cell), true)
    if ('lock' in action) this.#log.touch(this.#line(action.lock), true)
    if ('event' in action) this.#log.touch(this.#line(`event ${action.event}`), true)
  }

  #block(one: Thread, line: Line): void {
    one.status = 'waiting'
    one.line = line
    line.waiting.push(one)
  }

  #wake(one: Thread): void {
    one.line = null
    this.#enqueue(one)
  }
}

/** What a search has seen. */
export interface Seen {
  readonly executions: number
  readonly cut: number
  readonly outcomes: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
  /** The first execution that failed, counted from 1; 0: none. */
  readonly firstFailure: number
  /** The most alternatives that were known at once. */
  readonly mostLeft: number
}

/** Runs a search over a program to its end. */
export function searched(program: Program, search: Search, limit: number = Infinity): Seen {
  const outcomes = new Set<string>()
  const kinds = new Set<string>()
  let [executions, cut, firstFailure, mostLeft] = [0, 0, 0, 0]
  while (executions < limit && search.more()) {
    const execution = new ModelExecution(program, search.policy)
    executions++
    search.took(execution)
    mostLeft = Math.max(mostLeft, search.left)
    const { outcome, log } = execution
    if (outcome.kind === 'cut') {
      cut++
      continue
    }
    if (outcome.kind === 'failed' && firstFailure === 0) firstFailure = executions
    outcomes.add(outcome.kind === 'failed' ? `${outcome.why}: ${String(outcome.error)}` : String(outcome.value))
    if (log !== null) kinds.add(canonicalTrace(log))
  }
  return { executions, cut, outcomes, kinds, firstFailure, mostLeft }
}

/** A list of `count`, each made by `make`. */
export function times<T>(count: number, make: (place: number) => T): T[] {
  return Array.from({ length: count }, (_, place) => make(place))
}
