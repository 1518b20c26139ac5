/**
 * Jobs: the calls of the system that a descriptor makes, one at a time, and the greenlets that wait for them.
 *
 * What is under way in Node's thread pool cannot be taken back. So a call is a job of its own, which a greenlet waits for, or does not any more.
 *
 * Stands on waits for what is outside. Leaves their line to the descriptor.
 */
import nodeFs from 'node:fs'
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'

/** A descriptor, as its jobs see it. */
export interface JobLine {
  readonly label: string
  readonly fd: number
  /** Where a reading begins; null where there are no places. */
  readonly readPlace: number | null
  /** So much was read, and somebody has it. */
  advance(size: number): void
  /** Writing has failed in the middle. */
  stoppedAt(place: number): void
  /** Throws when nothing can be begun any more. */
  check(call: string): void
  /** What a job has failed of, for which nobody waited. */
  takeFailure(): Error | null
  /** Puts a job at the end of the line; one that stands there is left where it is. */
  enter(job: Job): void
  /** Nobody waits for the job any more. */
  givenUp(job: Job): void
}

export type Done = (error: Error | null, value?: unknown) => void

/** One call of the system. */
export abstract class Job {
  /** Who waits for it; null: nobody, any more. */
  wait: JobWait | null = null
  /** Whether it is done also when nobody waits for it. */
  readonly isKept: boolean = false

  /** Calls the system. */
  abstract start(done: Done): void

  /** It is back, and somebody waits for it. What it returns is given to that. */
  arrived(value: unknown): unknown {
    return value
  }
}

export class ReadJob extends Job {
  readonly #raw: JobLine
  readonly #size: number

  constructor(raw: JobLine, size: number) {
    super()
    this.#raw = raw
    this.#size = size
  }

  override start(done: Done): void {
    const buffer = Buffer.allocUnsafe(this.#size)
    nodeFs.read(this.#raw.fd, buffer, 0, this.#size, this.#raw.readPlace, (error, length) => {
      const chunk = buffer.subarray(0, length)
      // Few bytes are not to hold much memory.
      done(error, length < this.#size / 2 ? Buffer.from(chunk) : chunk)
    })
  }

  override arrived(chunk: unknown): unknown {
    this.#raw.advance((chunk as Buffer).length) // what start() gives
    return chunk
  }
}

export class WriteJob extends Job {
  override readonly isKept: boolean = true
  readonly #raw: JobLine
  readonly #data: Buffer
  #place: number | null
  readonly #isSystems: boolean
  #written = 0

  /**
   * @param place - null: where the system puts it.
   * @param isSystems - whether that is `place`, too.
   */
  constructor(raw: JobLine, data: Buffer, place: number | null, isSystems = false) {
    super()
    this.#isSystems = isSystems
    this.#raw = raw
    this.#data = data
    this.#place = place
  }

  get left(): number {
    return this.#data.length - this.#written
  }

  /** What is left, */
  get rest(): Buffer {
    return this.#data.subarray(this.#written)
  }

  /** and where that goes; null: where the system puts it. */
  get place(): number | null {
    return this.#place
  }

  override start(done: Done): void {
    if (this.left === 0) {
      done(null)
      return
    }
    const place = this.#isSystems ? null : this.#place
    nodeFs.write(this.#raw.fd, this.#data, this.#written, this.left, place, (error, length) => {
      if (error !== null) {
        if (this.#place !== null) this.#raw.stoppedAt(this.#place)
        done(error)
        return
      }
      this.#written += length
      if (this.#place !== null) this.#place += length
      this.start(done)
    })
  }
}

export class OtherJob extends Job {
  override readonly isKept: boolean
  readonly #call: (done: Done) => void

  constructor(call: (done: Done) => void, isKept: boolean) {
    super()
    this.#call = call
    this.isKept = isKept
  }

  override start(done: Done): void {
    this.#call(done)
  }
}

/** A call whose job stands in the line of its descriptor. */
export class DescriptorCall<T> extends HubOperation<T> {
  readonly #text: string
  readonly #raw: JobLine
  readonly #make: () => Job | Step<T>

  /** @param make - gives the job, or what there is already. */
  constructor(text: string, raw: JobLine, make: () => Job | Step<T>) {
    super()
    this.#text = text
    this.#raw = raw
    this.#make = make
  }

  override begin(greenlet: Coroutine): Step<T> {
    const raw = this.#raw
    raw.check(this.#text)
    const failure = raw.takeFailure()
    const job = this.#make()
    if (!(job instanceof Job)) {
      if (failure !== null) throw failure
      return job
    }
    if (failure !== null) {
      if (job.isKept) raw.enter(job)
      throw failure
    }
    const wait = new JobWait(greenlet, this.#text, raw, job)
    // In this order, since a job may be back at once; and whatever parking does, since what is to be written has been handed over.
    try {
      return wait.parkOutside()
    } finally {
      if (job.wait !== null || job.isKept) raw.enter(job)
    }
  }

  /** The error came without any stack; the greenlet's frames lie on it here. */
  override throw(error: unknown): never {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- says where the stack begins
    if (error instanceof Error && 'syscall' in error) Error.captureStackTrace(error, this.throw)
    throw error
  }

  override toString(): string {
    return `${this.#text} of ${this.#raw.label}`
  }
}

class JobWait extends IOWait {
  readonly #raw: JobLine
  readonly #job: Job

  constructor(greenlet: Coroutine, text: string, raw: JobLine, job: Job) {
    super(greenlet, `${text} of ${raw.label}`)
    this.#raw = raw
    this.#job = job
    job.wait = this
  }

  protected override leave(): void {
    super.leave()
    this.#raw.givenUp(this.#job)
  }
}
