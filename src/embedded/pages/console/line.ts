/**
 * The line to the process: asks, waits for the answer, waits a while, asks again; and knows how the process is when there is none.
 *
 * - `live`: the last answer is fresh.
 * - `paused`: a person wants it so.
 * - `silent`: it was asked, the connection stands, and nothing comes: the hub is blocked, or the machine is busy.
 * - `gone`: nobody listens there any more.
 * - `refused`: somebody answers, and does not know the token: another process has the port.
 * - `failed`: it was asked, and something of the program has thrown: a name, the text of a wait.
 *
 * A page that nobody can see asks nothing.
 */
import type { ConsoleState, KillAnswer } from '../../../trace/console/state.ts'
import type { Wanted } from './wanted.ts'

export type LineState = 'connecting' | 'live' | 'paused' | 'silent' | 'gone' | 'refused' | 'failed'

/** So long without an answer is silence. */
const SILENCE_MS = 3000
const RETRY_MS = 1000

/** The line of one page. */
export class Line {
  readonly #token: string
  readonly #wanted: Wanted
  #draw: (state: ConsoleState) => void = () => undefined
  #state: LineState = 'connecting'
  #isPaused = false
  #everyMs = 500
  #asking: AbortController | null = null
  #askedAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What was said when it failed. */
  #failure = ''
  /** Called when the state has changed, and again and again while nothing comes. */
  onState: (state: LineState, silentMs: number, failure: string) => void = () => undefined

  constructor(token: string, wanted: Wanted) {
    this.#token = token
    this.#wanted = wanted
  }

  /** Begins to ask; `draw` is given the answers. */
  begin(draw: (state: ConsoleState) => void): void {
    this.#draw = draw
    this.#wanted.onChange = () => this.askAgain()
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#stop()
      else if (!this.#isPaused) this.askAgain()
    })
    setInterval(() => {
      const silentMs = performance.now() - this.#askedAt
      if (this.#asking !== null && silentMs >= SILENCE_MS) this.#turn('silent', silentMs)
    }, 250)
    this.askAgain()
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) {
      this.#stop()
      this.#turn('paused')
    } else {
      this.#turn('connecting')
      this.askAgain()
    }
  }

  /** Asks for a kill; answers what is to be said about it. */
  async kill(id: number): Promise<string> {
    try {
      const answer = await fetch(`/kill/${id}`, { method: 'POST', headers: this.#headers() })
      if (!answer.ok) return (await answer.text()).trim()
      const { killed } = (await answer.json()) as KillAnswer // what the process sends
      this.askAgain()
      return killed === null ? 'It had ended already.' : `GreenletExit was thrown at ${killed}.`
    } catch {
      return 'The process does not answer.'
    }
  }

  #headers(): Record<string, string> {
    return { 'x-greenloop-token': this.#token }
  }

  /** Asks now; the answer to what was asked before is not waited for. A person who pauses still opens, closes and searches. */
  askAgain(): void {
    this.#stop()
    if (!document.hidden) void this.#ask()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#asking?.abort()
    this.#asking = null
  }

  async #ask(): Promise<void> {
    const asking = new AbortController()
    // Who asks anew because of a wish does not begin a new silence.
    if (this.#state !== 'silent') this.#askedAt = performance.now()
    this.#asking = asking
    let next: LineState = 'live'
    let waitMs = RETRY_MS
    try {
      const answer = await fetch(`/state?${this.#wanted.query()}`, { headers: this.#headers(), signal: asking.signal })
      if (answer.ok) {
        const state = (await answer.json()) as ConsoleState // what the process sends
        if (asking !== this.#asking) return
        this.#everyMs = state.everyMs
        waitMs = this.#everyMs
        this.#draw(state)
      } else {
        next = answer.status === 500 ? 'failed' : 'refused'
        this.#failure = (await answer.text()).trim()
      }
    } catch (err) {
      if (asking.signal.aborted) return
      console.debug(err)
      next = 'gone'
    }
    if (asking !== this.#asking) return
    this.#asking = null
    this.#turn(this.#isPaused && next === 'live' ? 'paused' : next)
    if (this.#isPaused) return
    this.#timer = setTimeout(() => void this.#ask(), waitMs)
  }

  #turn(state: LineState, silentMs = 0): void {
    if (state === this.#state && state !== 'silent') return
    this.#state = state
    this.onState(state, silentMs, this.#failure)
  }
}
