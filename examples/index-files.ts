/**
 * What is in a folder: how much of which kind, what is biggest, and which files are copies of each other. One greenlet walks through the tree
 * and puts the files that it finds into a queue; a pool of others reads and hashes them, so that there are never more files open than the pool
 * has places. A file that has gone before it is read, and one that may not be read, is counted and stops nobody.
 *
 * Run: `npx tsx examples/index-files.ts`, which makes a folder to look at, or with a folder of yours:
 * `npx tsx examples/index-files.ts [--open 16] [--top 5] folder`
 *
 * Expected output (on a terminal a line tells meanwhile how far it is; and to root nothing is forbidden):
 * ```text
 * 121 files in 11 folders, 1.8 MB
 * by kind:
 *   .mp3        14    1.3 MB
 *   .jpg        63  510.0 kB
 *   .txt        43    2.5 kB
 *   none         1      41 B
 * the biggest:
 *     99.0 kB backup/track-1.mp3
 *     99.0 kB music/old/first track.mp3
 *     99.0 kB music/track-1.mp3
 *     98.0 kB music/track-2.mp3
 *     97.0 kB music/track-3.mp3
 * there several times, 225.0 kB too much:
 *     99.0 kB backup/track-1.mp3 = music/old/first track.mp3 = music/track-1.mp3
 *     11.0 kB photos/best/photo-60.jpg = photos/town/photo-60.jpg
 *      9.0 kB photos/best/photo-40.jpg = photos/town/photo-40.jpg
 *      7.0 kB photos/best/photo-20.jpg = photos/lake/photo-20.jpg
 *        47 B notes/copy of day-7.txt = notes/day-7.txt
 * not read: 1 vanished, <n> forbidden
 * never more than 8 files open
 * ```
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Green, isInterrupt, type Nursery, nursery, type Operation, Pool, Queue, run, spawn } from 'greenloop'
import { fs, open } from 'greenloop/os'
import { countOf, giveUp, refuse } from './support/command-line.ts'
import { type Entry, linesOf, sizeOf, totalOf } from './support/index-report.ts'
import { showProgress } from './support/progress-line.ts'
import { VANISHING, withTree } from './support/tree.ts'

const USAGE = 'npx tsx examples/index-files.ts [--open 16] [--top 5] folder'
const CHUNK = 65_536
/** So many files are found and not read yet at the most; then the walker waits. */
const AHEAD = 1000
/** Why a file was not read; other errors are counted by their codes. */
const REASONS = new Map([
  ['ENOENT', 'vanished'],
  ['ENOTDIR', 'vanished'], // its folder is another file now
  ['EACCES', 'forbidden'],
  ['EPERM', 'forbidden'],
])

/** Reads a folder, and all that is below it. */
class Index {
  readonly entries: Entry[] = []
  /** How many were not read, by reason. */
  readonly lost = new Map([...REASONS.values()].map((reason) => [reason, 0]))
  /** How many files and folders were found. */
  files = 0
  folders = 0
  /** How many files were read at the same time at the most. */
  mostAtOnce = 0
  readonly #root: string
  readonly #pool: Pool
  readonly #onFile: (path: string) => Green<void>
  readonly #toRead = new Queue<string>(AHEAD)

  /** @param onFile - is told of each file that is found, before it is read. */
  constructor(root: string, atOnce: number, onFile = function* (_path: string): Green<void> {}) {
    this.#root = root
    this.#pool = new Pool(atOnce)
    this.#onFile = onFile
  }

  /** Reads it. */
  read(): Operation<void> {
    return nursery((n) => this.#read(n))
  }

  *#read(n: Nursery): Green<void> {
    n.spawn(() => this.#walk())
    using entries = this.#pool.imapUnordered((path) => this.#attempt(path, this.#readFile(path)), this.#toRead)
    while (yield* entries.next()) if (entries.value !== null) this.entries.push(entries.value)
  }

  /** Finds all files. A link is none: it may lead round in circles. */
  *#walk(): Green<void> {
    const folders = ['']
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      this.folders++
      const list = fs.readdir(join(this.#root, folder), { withFileTypes: true })
      for (const entry of (yield* this.#attempt(folder, list)) ?? []) {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) folders.push(path)
        else if (entry.isFile()) yield* this.#enter(path)
      }
    }
    this.#toRead.shutdown() // who reads it comes to its end
  }

  *#enter(path: string): Green<void> {
    this.files++
    yield* this.#onFile(path)
    yield* this.#toRead.put(path)
  }

  /** Reads a file piece by piece: it may be larger than the memory. */
  *#readFile(path: string): Green<Entry> {
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#pool.size)
    const hash = createHash('sha256')
    let size = 0
    using file = yield* open(join(this.#root, path), 'rb')
    for (let piece = yield* file.read(CHUNK); piece.length > 0; piece = yield* file.read(CHUNK)) {
      hash.update(piece)
      size += piece.length
    }
    return { path, size, hash: hash.digest('hex') }
  }

  /** Makes an attempt at what is at `path`. Null, and counted, when the system refuses it. */
  *#attempt<T>(path: string, attempt: Operation<T> | Green<T>): Green<T | null> {
    try {
      return yield* attempt
    } catch (err) {
      const { syscall, code = '' } = err as NodeJS.ErrnoException
      if (isInterrupt(err) || syscall === undefined || path === '') throw err // '': the folder itself, without which there is no index
      const reason = REASONS.get(code) ?? code
      this.lost.set(reason, (this.lost.get(reason) ?? 0) + 1)
      return null
    }
  }
}

/** Reads a folder, and tells of it. */
function* show(index: Index, top: number): Green<void> {
  const progress = spawn(showProgress, () => `${String(index.entries.length)} of ${String(index.files)} files read`)
  try {
    yield* index.read()
  } finally {
    yield* progress.kill()
  }
  const { entries, folders, mostAtOnce, lost } = index
  console.log(`${String(entries.length)} files in ${String(folders)} folders, ${sizeOf(totalOf(entries))}`)
  for (const line of linesOf(entries, top)) console.log(line)
  console.log(`not read: ${Array.from(lost, ([reason, count]) => `${String(count)} ${reason}`).join(', ')}`)
  console.log(`never more than ${String(mostAtOnce)} files open`)
}

/** What the command line asks for. */
function commandLine() {
  try {
    const options = { open: { type: 'string', default: '16' }, top: { type: 'string', default: '5' } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (positionals.length > 1) throw new Error(`one folder at a time, but got ${positionals.join(' and ')}`)
    return { folder: positionals[0], atOnce: countOf('--open', values.open, 1), top: countOf('--top', values.top, 1) }
  } catch (err) {
    return refuse(USAGE, err)
  }
}

const { folder, atOnce, top } = commandLine()
if (folder !== undefined) {
  await run(show, new Index(folder, atOnce), top).catch(giveUp)
} else {
  await run(withTree, (tree: string) => {
    const index = new Index(tree, 8, function* (path) {
      if (path === VANISHING) yield* fs.unlink(join(tree, path))
    })
    return show(index, top)
  })
}
