/**
 * The raw file of a descriptor.
 *
 * It is read and written in Node's thread pool, one call at a time, at places that are told with each call. What is under way there cannot be
 * taken back. So each call is a job in a line. A greenlet waits for its job; when it is killed, a job that has not begun is given up, except that
 * what was handed over to be written is written all the same, and a descriptor is never closed before what is under way is back.
 *
 * ```
 *   read, write ──▶ jobs: first (under way), second, ...  ── back ──▶ next job;  then the greenlet that waits, if one still does
 * ```
 *
 * An error of a job for which nobody waits any more is thrown by the next call; behind the last one, the closing, it is told to the hub.
 *
 * Stands on jobs. Leaves buffers, text and who may read when to the FileObject.
 */
import nodeFs from 'node:fs'
import { isatty } from 'node:tty'
import { StreamClosedError } from '../../errors/classes.ts'
import { kernel } from '../../greenlet/kernel.ts'
import { ready } from '../../greenlet/operation.ts'
import { hubOf } from '../../hub/default.ts'
import type { Operation } from '../../protocol.ts'
import { DescriptorCall, type Done, type Job, type JobLine, OtherJob, ReadJob, WriteJob } from './jobs.ts'
import type { Disk, Raw } from './raw.ts'

/** How a descriptor is used. */
export interface DescriptorOptions {
  readonly label: string
  /** Where it lies, for errors. */
  readonly path?: string
  /** Whether it begins at the end of the file. */
  readonly atEnd?: boolean
  /** Whether the system puts what is written to the end, wherever that is. */
  readonly appends?: boolean
  /** Whether it stays open. */
  readonly isBorrowed?: boolean
  /** Whether it is only written, from the beginning of an empty file on. */
  readonly isFresh?: boolean
}

/** The place that stands for the end of the file, wherever that is. */
const END = -1

/** A raw file of a descriptor. */
export class Descriptor implements Raw, Disk, JobLine {
  readonly label: string
  readonly fd: number
  readonly disk: Disk | null
  readonly #appends: boolean
  readonly #isBorrowed: boolean
  readonly #path: string | null
  /** Whether the system's own place is where it writes, until it is sent to another: a child that is given the descriptor goes on there. */
  #inStep: boolean
  readonly #hub = hubOf(kernel.current)
  #place: number
  /** The first is under way. */
  readonly #jobs: Job[] = []
  /** Of a job for which nobody waited any more. */
  #failure: Error | null = null
  #closed = false
  /** Of a pipe: has come when nobody waited for it any more. */
  #late: Buffer | null = null

  /** @throws Node's error when `fd` is no open descriptor. */
  constructor(fd: number, options: DescriptorOptions) {
    const stats = nodeFs.fstatSync(fd)
    this.fd = fd
    this.label = options.label
    this.#path = options.path ?? null
    this.#appends = options.appends ?? false
    this.#isBorrowed = options.isBorrowed ?? false
    this.#inStep = options.isFresh ?? false
    this.#place = options.atEnd === true ? stats.size : 0
    this.disk = stats.isFIFO() || stats.isSocket() || isatty(fd) ? null : this
  }

  /** That of a descriptor that somebody else has opened. */
  static of(fd: number, atEnd: boolean, isOwned: boolean, name: string | number | undefined): Descriptor {
    const label = name === undefined ? `the file of descriptor ${String(fd)}` : `the file ${JSON.stringify(name)}`
    return new Descriptor(fd, { label, atEnd, isBorrowed: !isOwned })
  }

  read(size: number): Operation<Buffer> {
    return new DescriptorCall<Buffer>('read()', this, () => {
      const late = this.#late
      this.#late = null
      if (late !== null) return ready(late)
      const [job] = this.#jobs
      // Of a pipe, what was asked for will come, and cannot be asked for twice.
      if (this.disk === null && job instanceof ReadJob && job.wait === null) return job
      return new ReadJob(this, size)
    })
  }

  write(data: Buffer): Operation<void> {
    return new DescriptorCall<void>('write()', this, () =>
      data.length === 0 && this.#jobs.length === 0 ? ready(undefined) : this.#writing(data),
    )
  }

  size(): Operation<number> {
    return this.#call('fstat()', (done) => {
      nodeFs.fstat(this.fd, (error, stats) => {
        done(error, error === null ? stats.size : undefined)
      })
    })
  }

  truncate(size: number): Operation<void> {
    return this.#call('ftruncate()', (done) => {
      nodeFs.ftruncate(this.fd, size, done)
    })
  }

  sync(): Operation<void> {
    return this.#call('fsync()', (done) => {
      nodeFs.fsync(this.fd, done)
    })
  }

  close(): Operation<void> {
    return new DescriptorCall<void>('close()', this, () => {
      this.#closed = true
      return this.#closing()
    })
  }

  abandon(rest: Buffer, isEnd = false): void {
    this.#closed = true
    if (!isEnd && (this.#jobs.length > 0 || (this.disk === null && rest.length > 0))) {
      if (rest.length > 0) this.enter(this.#writing(rest))
      this.enter(this.#closing())
      return
    }
    // In this moment nobody else uses it, and there is little to write: who looks at the file next is to find it whole.
    try {
      if (isEnd && this.#jobs.length > 0) this.#writeAll(rest)
      else this.#writeNow(rest, this.#isSystems || this.disk === null ? null : this.where(0))
    } catch (error) {
      addPath(error as Error, this.#path) // the system's
      throw error
    } finally {
      // At the end of the process something may be under way.
      if (!this.#isBorrowed && !isEnd) nodeFs.closeSync(this.fd)
      this.#tellFailure()
    }
  }

  /**
   * Writes what stands in the line, and `rest`: when the process ends, nothing comes back from the thread pool, and nothing is begun there. What is
   * under way comes to its end; where it has a place, it is written twice, to the same.
   */
  #writeAll(rest: Buffer): void {
    const hasPlaces = this.disk !== null && !this.#appends
    const end = hasPlaces ? this.where(0) : null
    for (const [index, job] of this.#jobs.entries())
      if (job instanceof WriteJob && (hasPlaces || index > 0)) this.#writeNow(job.rest, job.place)
    this.#writeNow(rest, end)
  }

  /** @param place - null: where the system puts it. */
  #writeNow(data: Buffer, place: number | null): void {
    for (let written = 0; written < data.length; ) {
      const at = place === null ? null : place + written
      written += nodeFs.writeSync(this.fd, data, written, data.length - written, at)
    }
  }

  where(unsent: number): number {
    if (this.#place === END || (this.#appends && unsent > 0)) {
      let waiting = 0
      for (const job of this.#jobs) if (job instanceof WriteJob) waiting += job.left
      return nodeFs.fstatSync(this.fd).size + waiting + unsent
    }
    return this.#place + unsent
  }

  move(place: number): void {
    if (place !== this.#place) this.#inStep = false
    this.#place = place
  }

  get isApart(): boolean {
    return this.#path !== null && !this.#isSystems
  }

  /** Whether the system says where it writes. */
  get #isSystems(): boolean {
    return this.#appends || this.#inStep
  }

  /** @internal What keeps `call` from being begun. */
  check(call: string): void {
    if (this.#closed) throw new StreamClosedError(`${call} of ${this.label}: it was closed meanwhile.`)
  }

  /** @internal What a call before this one has failed of, unseen. */
  takeFailure(): Error | null {
    const failure = this.#failure
    this.#failure = null
    return failure
  }

  /** @internal Puts a job at the end of the line; one that stands there is left where it is. */
  enter(job: Job): void {
    if (this.#jobs.includes(job)) return
    this.#jobs.push(job)
    if (this.#jobs.length === 1) this.#start(job)
  }

  /** @internal Nobody waits for the job any more. */
  givenUp(job: Job): void {
    job.wait = null
    const place = this.#jobs.indexOf(job)
    if (place > 0 && !job.isKept) this.#jobs.splice(place, 1)
  }

  /** @internal Where a reading begins; null where there are no places. */
  get readPlace(): number | null {
    return this.disk === null ? null : (this.#place = this.where(0))
  }

  /** @internal */
  advance(size: number): void {
    this.#place += size
  }

  /** @internal Writing has failed in the middle. */
  stoppedAt(place: number): void {
    if (this.#place !== END && this.#jobs.length === 1) this.#place = place
  }

  #writing(data: Buffer): Job {
    if (this.disk === null || this.#appends) {
      this.#place = END
      return new WriteJob(this, data, null)
    }
    const job = new WriteJob(this, data, this.#place, this.#inStep)
    this.#place += data.length
    return job
  }

  #closing(): Job {
    return new OtherJob((done) => {
      if (this.#isBorrowed) done(null)
      else nodeFs.close(this.fd, done)
    }, true)
  }

  #call<T>(text: string, call: (done: Done) => void): Operation<T> {
    return new DescriptorCall<T>(text, this, () => new OtherJob(call, false))
  }

  #start(job: Job): void {
    job.start((error, value) => {
      if (error !== null) addPath(error, this.#path)
      this.#back(job, error, value)
    })
  }

  #back(job: Job, error: Error | null, value: unknown): void {
    const { wait } = job
    job.wait = null
    const given = error === null && wait !== null ? job.arrived(value) : undefined
    if (wait === null && !(job instanceof ReadJob)) this.#failure ??= error
    // Of a file, what came too late can be read again.
    if (wait === null && job instanceof ReadJob && error === null && this.disk === null) this.#late = value as Buffer // what such a job reads
    this.#jobs.shift()
    const [next] = this.#jobs
    if (next !== undefined) this.#start(next)
    const failure = error ?? (wait === null || job instanceof ReadJob ? null : this.takeFailure())
    if (wait === null) {
      if (this.#closed && this.#jobs.length === 0) this.#tellFailure()
    } else if (failure === null) {
      wait.happened(given)
    } else {
      wait.failed(failure)
    }
  }

  #tellFailure(): void {
    const failure = this.takeFailure()
    if (failure !== null) this.#hub.tell(failure, { name: this.label })
  }
}

/** A call by a descriptor does not know which file it is; so it is said as the calls by a path do. */
function addPath(error: NodeJS.ErrnoException, path: string | null): void {
  if (path === null || error.path !== undefined) return
  const { message } = error
  error.path = path
  error.message = `${message} '${path}'`
  error.stack = error.stack?.replace(message, () => error.message) ?? ''
}
