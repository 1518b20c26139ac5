/**
 * `watch`: what changes in a file or a folder, read by a cursor.
 *
 * ```
 *   the system ──▶ Node's watcher ──▶ the reader, if one waits
 *                                └──▶ unread: each change once, until somebody asks for it; too many of them become one that names no file
 * ```
 *
 * The watcher keeps the process alive while somebody waits, and at no other time. Where Node watches folders within by itself (on Linux, up to Node
 * 24), it does so until it is closed.
 *
 * Stands on waits for what is outside, and on cursors. Leaves to Node and the system which changes are told, and how often.
 */
import nodeFs, { type FSWatcher, type PathLike } from 'node:fs'
import { checkOptions } from '../../errors/usage.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { Cursor, secondReader } from '../../waiting/cursor.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'

/** So many different changes are kept for a reader that is busy. */
const MOST_UNREAD = 1000

/** What is watched, and how it is told. */
export interface WatchOptions {
  /** Whether all folders within are watched, too. @defaultValue false */
  recursive?: boolean
  /** How names of files are read. @defaultValue 'utf8' */
  encoding?: BufferEncoding
}

/** Something has changed. */
export interface FileChange {
  /** `rename`: a name has come or gone; `change`: what is in the file, or known of it. */
  readonly eventType: 'rename' | 'change'
  /** Which file, as the folder names it; null when the system does not tell, or when so much has changed that all has to be looked at. */
  readonly filename: string | null
}

/**
 * Watches a file or a folder from now on. What changes is read by a cursor; what nobody has read yet is kept, each change once.
 *
 * When more than 1000 different changes are unread they become one whose `filename` is null: all has to be looked at. A reader that is killed or
 * timed out takes nothing away. One greenlet may read at a time. The process does not stay for a watch in which nobody waits, save up to Node 24
 * on Linux for a `recursive` one.
 *
 * @param path - a file, or a folder, of which what is in it is watched.
 * @param options - see {@link WatchOptions}.
 * @returns a cursor; it ends when it is disposed of. An error of the system is thrown by `next()`, behind what came before it.
 * @throws Node's error (`ENOENT`, `ENOSPC` for too many watches, ...), at the call.
 * @switches never; `next()` only if it must wait
 * @source Node: `fs.promises.watch`
 * @example
 * ```ts
 * import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
 * import { run, spawn } from 'greenloop'
 * import { watch } from 'greenloop/os'
 *
 * await run(function* () {
 *   const folder = mkdtempSync('watched-')
 *   using changes = watch(folder)
 *   spawn(() => {
 *     writeFileSync(`${folder}/news.txt`, 'new')
 *   })
 *   yield* changes.next()
 *   console.log(changes.value) // { eventType: 'rename', filename: 'news.txt' }
 *   rmSync(folder, { recursive: true })
 * })
 * ```
 */
export function watch(path: PathLike, options: WatchOptions = {}): Cursor<FileChange> {
  checkOptions('watch()', options, '{ recursive: true }')
  const { recursive = false, encoding = 'utf8' } = options
  return new WatchCursor(nodeFs.watch(path, { recursive, encoding }), `next() of watch('${String(path)}')`)
}

class WatchCursor extends Cursor<FileChange> {
  readonly text: string
  /** Set while its reader waits. */
  waiting: WatchWait | null = null
  readonly #watcher: FSWatcher
  /** What nobody has read yet, oldest first. */
  readonly #unread = new Map<string, FileChange>()
  /** Set when it has ended by an error that nobody has been told of. */
  #failure: Error | null = null
  #over = false
  /** One for all that call `next`, except in debug mode. */
  readonly #going: WatchStep

  constructor(watcher: FSWatcher, text: string) {
    super()
    this.text = text
    this.#watcher = watcher
    this.#going = new WatchStep(this)
    kernel.debug?.operationDriven(this.#going) // nobody has asked for it yet
    watcher.unref()
    watcher
      .on('change', (eventType, filename) => {
        this.#changed({ eventType: eventType as FileChange['eventType'], filename: filename as string | null }) // with such an encoding
      })
      .on('error', (error) => {
        this.#failure = error
        this.#end()
      })
      .on('close', () => {
        this.#end()
      })
  }

  override next(): Operation<boolean> {
    return kernel.debug === null ? this.#going : new WatchStep(this)
  }

  /** Goes to what is there already; null: it has to be waited for. */
  go(): boolean | null {
    const [first] = this.#unread
    if (first !== undefined) {
      this.#unread.delete(first[0])
      return this.moveTo(first[1])
    }
    if (!this.#over) return null
    const failure = this.#failure
    this.#failure = null
    this.end()
    if (failure !== null) throw failure
    return false
  }

  /** A reader waits, or does no longer. */
  wait(waiting: WatchWait | null): void {
    this.waiting = waiting
    if (waiting !== null) this.#watcher.ref()
    else this.#watcher.unref()
  }

  override [Symbol.dispose](): void {
    this.#unread.clear()
    this.#failure = null
    this.#end()
  }

  #changed(change: FileChange): void {
    if (this.#over) return
    const { waiting } = this
    if (waiting !== null) {
      this.wait(null)
      waiting.happened(this.moveTo(change))
      return
    }
    if (this.#unread.size === MOST_UNREAD) {
      this.#unread.clear()
      this.#keep({ eventType: 'rename', filename: null })
    }
    this.#keep(change)
  }

  #keep(change: FileChange): void {
    const key = `${change.eventType} ${String(change.filename)}`
    if (!this.#unread.has(key)) this.#unread.set(key, change)
  }

  #end(): void {
    this.#over = true
    this.#watcher.close()
    const { waiting } = this
    if (waiting === null) return
    this.wait(null)
    const failure = this.#failure
    this.#failure = null
    if (failure === null) waiting.happened(this.end())
    else waiting.failed(failure)
  }
}

class WatchStep extends HubOperation<boolean> {
  readonly #cursor: WatchCursor

  constructor(cursor: WatchCursor) {
    super()
    this.#cursor = cursor
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    const cursor = this.#cursor
    if (cursor.waiting !== null) throw secondReader(cursor.text, greenlet, cursor.waiting.greenlet)
    const there = cursor.go()
    if (there !== null) return ready(there)
    const wait = new WatchWait(greenlet, cursor)
    cursor.wait(wait)
    return wait.parkOutside()
  }

  override toString(): string {
    return this.#cursor.text
  }
}

class WatchWait extends IOWait {
  readonly #cursor: WatchCursor

  constructor(greenlet: Coroutine, cursor: WatchCursor) {
    super(greenlet, cursor.text)
    this.#cursor = cursor
  }

  protected override leave(): void {
    super.leave()
    this.#cursor.wait(null)
  }
}
