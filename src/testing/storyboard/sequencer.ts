/**
 * `Sequencer`: an order across greenlets, made by hand.
 *
 * Turns are numbered from 0. Each belongs to the greenlet that asks for it, and begins when all lower ones are over. It lasts until its
 * greenlet asks for another one or ends: what waits in it belongs to it. A turn whose greenlet gave up waiting for it, killed or timed
 * out, is over before it has begun, so that the others are not held up by it.
 *
 * ```
 *   turn(2) ──▶ waits ── 0 and 1 are over ──▶ its turn ── turn(5), or the end of the greenlet ──▶ over
 *                 └───── killed, timed out ───────────────────────────────────────────────────────▶ over
 * ```
 *
 * Stands on waits, and on the links of greenlets, which tell their ends. Works on any hub, also where all schedules are explored: who gets
 * which turn is not a matter of the schedule then, but all else is.
 */
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import { writes } from '../../greenlet/footprint.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { ownerOf } from '../../waiting/agent.ts'
import type { Listenable, Listener } from '../../waiting/linkable.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { Wait } from '../../waiting/wait.ts'

/** A greenlet that tells its end. */
type Owner = Coroutine & Listenable

/**
 * Has greenlets take turns: turn 0, then turn 1, and so on, whoever they belong to. For a test of one certain order; for all orders there
 * is `explore`.
 *
 * @source trio: `trio.testing.Sequencer`
 * @example
 * ```ts
 * import { joinall, spawn } from 'greenloop'
 * import { Sequencer } from 'greenloop/testing'
 *
 * const sequencer = new Sequencer()
 * function* speaker(name: string, turns: number[]) {
 *   for (const turn of turns) {
 *     yield* sequencer.turn(turn)
 *     console.log(turn, name)
 *   }
 * }
 * await joinall([spawn(speaker, 'Ann', [1, 2]), spawn(speaker, 'Ben', [0, 3])])
 * // 0 Ben
 * // 1 Ann
 * // 2 Ann
 * // 3 Ben
 * ```
 */
export class Sequencer {
  /** The lowest number that is not over. */
  #next = 0
  /** The turn that has begun; null: the one of `#next` was not asked for. */
  #running: Turn | null = null
  readonly #waiting = new Map<number, TurnWait>()
  readonly #givenUp = new Set<number>()
  /** Who has asked for each. */
  readonly #names = new Map<number, string>()

  /**
   * Waits until all lower turns are over. It lasts until its greenlet asks for another turn, or ends.
   *
   * @param number - 0 and up; each once.
   * @throws UsageError at the call, when `number` is not a number of a turn; when it is driven, for a number that was asked for before,
   * and in plain code or a raw greenlet, whose end nobody is told of.
   * @switches only if it must wait
   */
  turn(number: number): Operation<void> {
    if (!Number.isInteger(number) || number < 0) {
      throw new UsageError(`turn() expects \`number\` to be an integer, 0 or more, but got ${show(number)}.`)
    }
    return new TurnOperation(this, number)
  }

  /** @internal */
  begin(greenlet: Coroutine, number: number): Step<void> {
    const owner = ownerOf(greenlet)
    if (!tellsItsEnd(owner)) throw noOwner(number, owner)
    writes(this)
    const other = this.#names.get(number)
    if (other !== undefined) throw takenTwice(number, other, owner.name)
    this.#names.set(number, owner.name)
    const turn = new Turn(this, number, owner)
    if (this.#running?.owner === owner) this.over(this.#running)
    if (number === this.#next && this.#running === null) {
      this.#start(turn)
      return ready(undefined)
    }
    const wait = new TurnWait(greenlet, this, turn)
    this.#waiting.set(number, wait)
    return wait.park()
  }

  /** @internal The turn is over: its greenlet asks for another one, or has ended. */
  over(turn: Turn): void {
    if (this.#running !== turn) return
    writes(this)
    this.#running = null
    turn.owner.$ignore(turn)
    this.#next++
    while (this.#givenUp.delete(this.#next)) this.#next++
    const wait = this.#waiting.get(this.#next)
    if (wait === undefined) return
    this.#waiting.delete(this.#next)
    this.#start(wait.turn)
    wait.succeed(undefined)
  }

  /** @internal Its greenlet does not wait for it any more. */
  giveUp({ number }: Turn): void {
    writes(this)
    this.#waiting.delete(number)
    this.#givenUp.add(number) // it is not the next one, or it would not have waited
  }

  /** @internal The turn that the others wait for. */
  get running(): Turn | null {
    return this.#running
  }

  /** @internal Why a turn does not begin. */
  because(number: number): string {
    if (this.#running !== null) return `turn ${number} waits for turn ${this.#running.number}`
    return `turn ${number} waits for turn ${this.#next}, which nobody has asked for`
  }

  #start(turn: Turn): void {
    this.#running = turn
    turn.owner.$listen(turn)
  }
}

/** A turn that somebody has asked for. */
class Turn implements Listener {
  readonly number: number
  readonly owner: Owner
  readonly #sequencer: Sequencer

  constructor(sequencer: Sequencer, number: number, owner: Owner) {
    this.#sequencer = sequencer
    this.number = number
    this.owner = owner
  }

  /** Its greenlet has ended. */
  notify(): void {
    this.#sequencer.over(this)
  }
}

class TurnOperation extends HubOperation<void> {
  readonly #sequencer: Sequencer
  readonly #number: number

  constructor(sequencer: Sequencer, number: number) {
    super()
    this.#sequencer = sequencer
    this.#number = number
  }

  override begin(greenlet: Coroutine): Step<void> {
    return this.#sequencer.begin(greenlet, this.#number)
  }

  override toString(): string {
    return callOf(this.#number)
  }
}

class TurnWait extends Wait {
  readonly turn: Turn
  readonly #sequencer: Sequencer

  constructor(greenlet: Coroutine, sequencer: Sequencer, turn: Turn) {
    super(greenlet)
    this.turn = turn
    this.#sequencer = sequencer
  }

  protected override leave(): void {
    this.#sequencer.giveUp(this.turn)
  }

  waitsFor(): readonly Coroutine[] {
    const { running } = this.#sequencer
    return running === null ? [] : [running.owner]
  }

  because(): string {
    return this.#sequencer.because(this.turn.number)
  }

  override describe(): string {
    return callOf(this.turn.number)
  }
}

function callOf(number: number): string {
  return `sequencer.turn(${String(number)})`
}

function tellsItsEnd(greenlet: Coroutine): greenlet is Owner {
  return '$listen' in greenlet
}

function takenTwice(number: number, first: string, second: string): UsageError {
  const who = first === second ? `"${first}" itself has` : `"${first}" has`
  return new UsageError(
    `Greenlet "${second}" asked for turn ${number}, which ${who} asked for before: each turn is taken once.`,
  )
}

function noOwner(number: number, greenlet: Coroutine): UsageError {
  if (greenlet === kernel.main) {
    return new UsageError(
      `Turn ${number} was asked for in plain code; a turn belongs to the greenlet that asks for it, and there is none.\n\n` +
        wrongRight(
          `await sequencer.turn(${number})`,
          'outside any greenlet',
          `await run(function* () { yield* sequencer.turn(${number}); ... })`,
        ),
    )
  }
  return new UsageError(
    `Turn ${number} was asked for by "${greenlet.name}", a raw greenlet: nobody is told of its end, which is the end of the turn.\n\n` +
      wrongRight('new RawGreenlet(work).switch()', 'tells nobody', 'spawn(work)', 'its links are told'),
  )
}
