/**
 * The processes that a child and its offspring are: a process group of its own, which signals reach as a whole.
 *
 * A child that leads a session leads a group, too, and the group's number is the child's. Signals to the group reach whatever the child has
 * started, unless that has gone into a session of its own.
 *
 * Whom a number means. As long as Node has not reported the child's end, the number is its own: a zombie keeps it. From then on the system may
 * give it away, as soon as nobody of the group is left; a signal could meet a stranger. So the group is looked at in the very moment in
 * which the end is reported, where the number cannot be anybody else's yet. When nobody is there, it is never signalled again. When somebody
 * is, it is signalled only while something of it is known to live: the other end of a pipe of ours is open, or a look at it, less than
 * {@link FRESH_MS} ago, has found somebody. (What is left: somebody who has gone into another session with our pipe, while the group has
 * died out and its number has gone once round.)
 *
 * Ending. With SIGKILL there is nothing to wait for but the child's end. Another signal gives time: the rest of the group, too, has it until it
 * is over, though the child is gone (a shell dies at once, and what it runs cleans up). A zombie whose parent does not take it counts as
 * living then, so in a container without an init the time is waited out.
 *
 * Stands on the hub's timers. Leaves to `popen.ts` when the child has ended.
 */
import type { Hub } from '../../hub/hub.ts'
import { Timer } from '../../hub/timers.ts'
import { Event } from '../../sync/event.ts'

/** How often a group is looked at whose leader is gone, while it has time to end. */
const LOOK_MS = 20
/** What is known of a group for certain is forgotten so soon. */
const FRESH_MS = 1000

/** Whom the signals of a child go to. */
export class Group {
  readonly #pid: number
  /** Whether the child leads a group; else it is alone. */
  readonly #leads: boolean
  readonly #hub: Hub
  /** Whether the other end of a pipe of ours is known to be open. */
  readonly #holdsPipe: () => boolean
  /** `running`: the child has not ended; `left`: it has, and others of its group have not. */
  #state: 'running' | 'left' | 'gone' = 'running'
  #grace: Grace | null = null
  /** When others were found to be left behind the child. */
  #leftAt = 0
  #wasGiven: Event | null = null

  constructor(pid: number, leads: boolean, hub: Hub, holdsPipe: () => boolean) {
    this.#pid = pid
    this.#leads = leads
    this.#hub = hub
    this.#holdsPipe = holdsPipe
  }

  /** Sends a signal; to nobody, when nobody is known to live. @throws Node's error when it may not (`EPERM`). */
  send(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL' && this.#grace !== null) this.#grace.expire()
    else if (this.#state === 'running' || (this.#state === 'left' && this.#holdsPipe())) this.#tell(signal)
  }

  /** Node has just reported the end of the child. */
  childEnded(): void {
    this.#state = this.#leads && this.#tell(0) ? 'left' : 'gone'
    this.#leftAt = this.#hub.clock.now()
    if (this.#state === 'gone') this.#grace?.over()
    else this.#grace?.look()
  }

  /** Ends it: sends `signal`, and SIGKILL `graceMs` milliseconds later, if it is another one. SIGKILL is sent at once at any time. Nobody known to live, nothing sent. */
  end(signal: NodeJS.Signals, graceMs: number): void {
    if (this.#state === 'gone') return
    if (signal === 'SIGKILL') {
      if (this.#grace === null) {
        const isFresh = this.#hub.clock.now() - this.#leftAt < FRESH_MS
        if (this.#state === 'running' || isFresh || this.#holdsPipe()) this.#tryTell(signal)
      } else this.#grace.expire()
    } else if (this.#grace === null) {
      const lives = this.#state === 'running' || this.#holdsPipe()
      if (!lives || !this.#tryTell(signal)) return
      this.#grace = new Grace(this, this.#hub, graceMs)
    }
  }

  /** While the group has time to end: set when that is over. */
  get grace(): Event | null {
    return this.#grace === null ? null : (this.#wasGiven ??= new Event())
  }

  /** @internal For the end of a grace: `signal` to whoever is left. */
  $graceOver(signal: NodeJS.Signals | null): void {
    this.#grace = null
    if (signal !== null) this.#tryTell(signal)
    this.#wasGiven?.set()
    this.#wasGiven = null
  }

  /** @internal A look at a group whose leader may be gone. */
  $lives(): boolean {
    if (this.#state === 'left' && !this.#tell(0)) this.#state = 'gone'
    return this.#state !== 'gone'
  }

  /** @internal */
  get $childRuns(): boolean {
    return this.#state === 'running'
  }

  /** Nobody is there to be told that it was not allowed. */
  #tryTell(signal: NodeJS.Signals): boolean {
    try {
      return this.#tell(signal)
    } catch {
      return false
    }
  }

  /** Answers whether there was anybody. */
  #tell(signal: NodeJS.Signals | 0): boolean {
    try {
      process.kill(this.#leads ? -this.#pid : this.#pid, signal)
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException // process.kill() throws no others
      if (code === 'ESRCH') return false
      if (code === 'EPERM' && signal === 0) return true
      throw error
    }
  }
}

/** The time that a group has to end by itself. */
class Grace extends Timer {
  readonly #group: Group
  readonly #hub: Hub
  readonly #end: number
  /** When somebody of the group was last known to live. */
  #known: number

  constructor(group: Group, hub: Hub, graceMs: number) {
    super()
    this.#group = group
    this.#hub = hub
    this.#known = hub.clock.now()
    this.#end = this.#known + graceMs
    hub.timers.add(this, graceMs)
  }

  /** The child is gone and others are not: they are looked at again and again. */
  look(): void {
    this.#hub.timers.remove(this)
    this.#known = this.#hub.clock.now()
    this.#hub.timers.add(this, Math.min(LOOK_MS, Math.max(0, this.#end - this.#known)))
  }

  override expired(): void {
    if (!this.#group.$childRuns) {
      if (!this.#group.$lives()) {
        this.over()
        return
      }
      if (this.#hub.clock.now() < this.#end) {
        this.look()
        return
      }
      this.#known = this.#hub.clock.now()
    }
    this.expire()
  }

  /** The time is over. */
  expire(): void {
    this.#hub.timers.remove(this)
    const isKnown = this.#group.$childRuns || this.#hub.clock.now() - this.#known < FRESH_MS
    this.#group.$graceOver(isKnown ? 'SIGKILL' : null)
  }

  /** Nobody needs it any more. */
  over(): void {
    this.#hub.timers.remove(this)
    this.#group.$graceOver(null)
  }
}

/** Those that are ended when this process exits. */
const kept = new Set<Group>()

function endKept(): void {
  for (const group of kept) group.end('SIGKILL', 0)
}

/** Has the group killed when this process exits before {@link release}. */
export function keep(group: Group): void {
  if (kept.size === 0) process.on('exit', endKept)
  kept.add(group)
}

/** Takes that back. */
export function release(group: Group): void {
  if (kept.delete(group) && kept.size === 0) process.off('exit', endKept)
}
