/**
 * Logs that are written by hand, so that a picture can be compared with what was meant.
 */
import { GreenletExit } from 'greenloop'
import { type Coroutine, kernel, RETURNED } from '../../../src/greenlet/kernel.ts'
import { Timer } from '../../../src/hub/timers.ts'
import { Proc, type Step } from '../../../src/testing/execution/log.ts'
import { sharedProxy } from '../../../src/testing/execution/shared.ts'

/** What a step is told by; all of it may be left out. */
export interface Told {
  /** The call that it ends in. */
  in?: string
  ended?: 'returned' | 'failed'
  /** Of the test's file. */
  line?: number
  /** Who could have gone on instead. */
  offered?: readonly Proc[]
  touched?: ReadonlyMap<object, boolean>
  at?: number
  ran?: readonly string[]
  marks?: readonly string[]
  woke?: readonly Proc[]
}

/** A schedule that is put together step by step. */
export class HandMade {
  readonly procs: Proc[] = []
  readonly steps: Step[] = []
  file = 'bank.test.ts'
  #atMs = 0
  readonly #objects = new Map<string, Record<string, unknown>>()

  /** One who takes steps. */
  greenlet(name: string, key: string = `main/${this.procs.length}`): Proc {
    return this.#add(key, { name, $fn: work, $status: 0, $slot: undefined, $turn: 0 }, '')
  }

  callback(name: string): Proc {
    return this.#add(
      `main/${this.procs.length}`,
      { name, $fn: null, $status: RETURNED, $slot: undefined, $turn: 0 },
      '',
    )
  }

  timer(title: string): Proc {
    return this.#add(`main/t${this.procs.length}`, new HandMadeTimer(), title)
  }

  /** The next step. */
  step(proc: Proc, told: Told = {}): void {
    this.#atMs = told.at ?? this.#atMs
    const offered = [proc, ...(told.offered ?? [])]
    this.steps.push({
      number: this.steps.length,
      proc,
      offered,
      chosen: 0,
      madeReadyBy: -1,
      barrier: told.at !== undefined,
      touched: told.touched ?? new Map(),
      atMs: this.#atMs,
      detail: {
        suspendedIn: told.in ?? null,
        ended: told.ended ?? null,
        place: told.line === undefined ? null : { file: `${process.cwd()}/${this.file}`, line: told.line, column: 7 },
        ran: told.ran ?? (told.in === undefined && told.ended === undefined ? [] : [proc.name]),
        marks: told.marks ?? [],
        woke: told.woke ?? [],
      },
    })
  }

  /** Sets what a greenlet has ended with. */
  end({ subject }: Proc, outcome: unknown): void {
    ;(subject as Coroutine).$slot = outcome === 'killed' ? new GreenletExit() : outcome // it is no timer
  }

  /** A property of a tracked object. */
  cell(name: string, property: string): object {
    const cells: object[] = []
    kernel.footprint = { read: (cell) => void cells.push(cell), written: (cell) => void cells.push(cell) }
    try {
      const object = this.#objects.get(name) ?? sharedProxy<Record<string, unknown>>({}, name)
      this.#objects.set(name, object)
      cells.length = 0
      Reflect.get(object, property)
    } finally {
      kernel.footprint = null
    }
    const [cell = {}] = cells
    return cell
  }

  #add(key: string, subject: object, title: string): Proc {
    // What the picture reads of a coroutine is there.
    const proc = new Proc(this.procs.length, this.procs.length === 0 ? 'main' : key, subject as Coroutine, title)
    this.procs.push(proc)
    return proc
  }
}

class HandMadeTimer extends Timer {
  override expired(): void {
    // it never is
  }
}

function work(): void {
  // a greenlet has a body
}
