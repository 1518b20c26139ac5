/**
 * What `make.ts` tells: of each target a line and what its command has printed, in the order of the rules, whichever ends first. A terminal
 * has a bar below that, with what is at work.
 */
import type { Rule } from './makefile.ts'
import { cells, ERASE } from './progress-bar.ts'

/** Where a target has come to. One of which nothing is known has not begun. */
type State = 'running' | 'made' | 'failed' | 'left out'

/** The log of one build. */
export class BuildLog {
  readonly #rules: readonly Rule[]
  readonly #stdout: Pick<typeof process.stdout, 'isTTY' | 'columns' | 'write'>
  readonly #states = new Map<string, State>()
  /** Of those that have ended and were not told of: what there is to tell. */
  readonly #texts = new Map<string, string>()
  #bar = ''
  #mostAtOnce = 0

  /** @param rules - what is to be made, in the order in which it is told. */
  constructor(
    rules: readonly Rule[],
    stdout: Pick<typeof process.stdout, 'isTTY' | 'columns' | 'write'> = process.stdout,
  ) {
    this.#rules = rules
    this.#stdout = stdout
  }

  /** A target has come so far; `text` is what there is to tell of one that has ended. */
  mark({ target }: Rule, state: State, text = ''): void {
    this.#states.set(target, state)
    if (state !== 'running') this.#texts.set(target, text)
    const running = this.those('running')
    this.#mostAtOnce = Math.max(this.#mostAtOnce, running.length)
    this.#tell('in order')
    const [ended, all] = [this.#states.size - running.length, this.#rules.length]
    this.#show(`${cells(ended, all)} ${String(ended)}/${String(all)} ${running.join(', ')}`)
  }

  /** Tells now of whoever has ended: there is no order to be kept any more. */
  hurry(): void {
    this.#tell('at once')
  }

  /** Nobody is at work any more: tells how it all has ended. */
  end(): void {
    this.#show('')
    this.#tell('at once')
    const [made, all] = [this.those('made').length, this.#rules.length]
    const others = {
      failed: this.those('failed'),
      stopped: this.those('running'),
      'left out': this.those('left out'),
      'not begun': this.those(undefined),
    }
    const list = Object.entries(others).flatMap(([what, those]) =>
      those.length === 0 ? [] : `; ${what}: ${those.join(', ')}`,
    )
    this.#print(`made ${String(made)} of ${String(all)}, at most ${String(this.#mostAtOnce)} at once${list.join('')}`)
  }

  /** The targets that are in this state. */
  those(state: State | undefined): string[] {
    return this.#rules.map(({ target }) => target).filter((target) => this.#states.get(target) === state)
  }

  /** In order: up to the first that has not ended. */
  #tell(how: 'in order' | 'at once'): void {
    const all = String(this.#rules.length)
    for (const [index, { target }] of this.#rules.entries()) {
      const state = this.#states.get(target) ?? 'running'
      if (state === 'running' && how === 'in order') return
      const text = this.#texts.get(target)
      this.#texts.delete(target)
      if (text !== undefined) this.#print(`[${String(index + 1).padStart(all.length)}/${all}] ${target}${text}`)
    }
  }

  /** Prints above the bar. */
  #print(text: string): void {
    this.#stdout.write(this.#bar === '' ? `${text}\n` : `${ERASE}${text}\n${this.#bar}`)
  }

  /** Has a terminal show this bar, as much of it as fits, in the place of the one before. */
  #show(bar: string): void {
    if (!this.#stdout.isTTY) return
    this.#bar = bar.slice(0, (this.#stdout.columns || 80) - 1).trimEnd() // some terminals do not say
    this.#stdout.write(ERASE + this.#bar)
  }
}

/** Below a line of the log, and to the right of it. */
export function indented(text: string): string {
  return text === '' ? '' : `\n${text.trimEnd()}`.replaceAll('\n', '\n      ')
}
