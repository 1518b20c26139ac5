/**
 * A download that can be resumed. What comes is written to `film.bin.part`; whoever runs it again, after whatever has ended it, goes on where
 * that ends, if the server still has the same file. When nothing is missing, and the checksum is right, it becomes `film.bin`, and not before.
 *
 * Run: `npx tsx examples/download.ts [--sha256 hex] url [file]`, or without arguments: then it serves a file itself, downloads it, is
 * killed in the middle, is run again, and meets servers of all kinds.
 *
 * Expected output, in a pipe (on a terminal it is a bar that grows):
 * ```text
 * run 1: [####----------------] <n> bytes
 * run 1: [########------------] 2000000 bytes
 * run 1: ended by SIGKILL, with 2000000 bytes in film.bin.part
 * run 2: [########------------] 2000000 bytes
 * run 2: [############--------] <n> bytes
 * run 2: [################----] <n> bytes
 * run 2: [####################] 5000000 bytes
 * run 2: film.bin is whole; 3000000 bytes have come in this run
 * a server that breaks off: asked 4 x, 5000000 bytes came
 * a server that is busy: asked 3 x, 5000000 bytes came
 * a server that knows no ranges: asked 1 x, 5000000 bytes came
 * a file that has changed: asked 1 x, 5000000 bytes came
 * a part that lacks nothing: asked 1 x, 0 bytes came
 * a part that is too long: asked 2 x, 5000000 bytes came
 * DownloadError: film.bin.part has the sha256 f5c08b332d35d2109912e287c49590938dbe855ee41c7df3fc8f4be66cc66e5c, and not 1234; it was removed
 * ```
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Green, isInterrupt, run, sleep } from 'greenloop'
import { requests } from 'greenloop/http'
import { fs, open, pipeline, writeWhole } from 'greenloop/os'
import { giveUp, refuse } from './support/command-line.ts'
import { tellStory } from './support/film-story.ts'
import { ProgressBar } from './support/progress-bar.ts'

const USAGE = 'npx tsx examples/download.ts [--sha256 hex] url [file]'

/** For the head of an answer, and between two of them when the body breaks off. */
const RETRIES = new requests.Retry({ total: 5, backoffMs: 50, statusForcelist: [500, 502, 503, 504] })

/** It cannot be had, whoever asks how often. */
class DownloadError extends Error {
  override readonly name = 'DownloadError'
}

class Download {
  /** How many bytes have come. */
  arrived = 0
  readonly #session = new requests.Session({
    headers: { 'accept-encoding': 'identity' }, // bytes are counted as they come
    retries: RETRIES,
    stream: true,
    timeoutMs: 10_000,
  })
  readonly #url: string
  readonly #file: string
  readonly #part: string
  /** A file with the ETag of what the part is one of. */
  readonly #mark: string
  readonly #progress: (size: number, whole: number) => void

  constructor(url: string, file: string, progress: (size: number, whole: number) => void = () => undefined) {
    this.#url = url
    this.#file = file
    this.#part = `${file}.part`
    this.#mark = `${file}.part.etag`
    this.#progress = progress
  }

  /** Gets what is missing, and makes the part the file. */
  *run(sha256?: string): Green<void> {
    try {
      yield* this.#complete()
    } finally {
      this.#session.close()
    }
    if (sha256 !== undefined) yield* this.#check(sha256)
    yield* fs.rename(this.#part, this.#file)
    yield* fs.rm(this.#mark, { force: true })
  }

  /** Asks until nothing is missing; with a pause, when nothing new has come. */
  *#complete(): Green<void> {
    for (let failures = 0; ; ) {
      const before = this.arrived
      let error: Error = new DownloadError(`${this.#url} sends nothing more, and is not whole`)
      try {
        if (yield* this.#ask()) return
      } catch (err) {
        if (!(err instanceof requests.RequestException) || err.phase !== 'reading') throw err
        error = err // it broke off
      }
      failures = this.arrived > before ? 1 : failures + 1
      if (failures > RETRIES.total) throw error
      yield* sleep(RETRIES.pauseMs(failures))
    }
  }

  /** Makes one request for what is missing. Answers whether the part is whole then. */
  *#ask(): Green<boolean> {
    const { size, etag } = yield* this.#known()
    const rest = size > 0 ? { range: `bytes=${String(size)}-`, 'if-range': etag } : {}
    using answer = yield* this.#session.get(this.#url, { headers: rest })
    const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/u.exec(answer.headers['content-range'] ?? '') ?? []
    const isOther = (answer.headers['etag'] ?? etag) !== etag
    if (answer.statusCode === 416 && Number(total) === size && !isOther) return true
    if (answer.statusCode === 416 || (answer.statusCode === 206 && isOther)) {
      yield* fs.rm(this.#mark, { force: true }) // the part is one of something else
      return false
    }
    answer.raiseForStatus()
    if (answer.statusCode !== 206) return yield* this.#write(answer, 0, answer.headers['content-length'])
    if (Number(first) === size) return yield* this.#write(answer, size, total)
    throw new DownloadError(`${this.#url} was asked for the bytes from ${String(size)} on, and sent others`)
  }

  /** Writes a body that begins at byte `size`; before that it is all as it was. */
  *#write(answer: requests.Response, size: number, total?: string): Green<boolean> {
    using part = yield* open(this.#part, size === 0 ? 'wb' : 'ab', { buffering: 0 })
    if (size === 0) yield* this.#remember(answer.headers['etag'])
    const whole = total === undefined ? Infinity : Number(total)
    this.#progress(size, whole)
    const chunks = answer.iterContent()
    while (yield* chunks.next()) {
      yield* part.write(chunks.value)
      this.arrived += chunks.value.length
      size += chunks.value.length
      this.#progress(size, whole)
    }
    yield* part.sync()
    return total === undefined || size === whole
  }

  /** Marks the part, which is empty, as one of this version; not by a weak ETag, W/"...", which bytes that differ may share. */
  *#remember(etag = ''): Green<void> {
    if (etag.startsWith('"')) yield* writeWhole(this.#mark, etag)
    else yield* fs.rm(this.#mark, { force: true })
  }

  /** What an earlier run has left; nothing without a mark. */
  *#known(): Green<{ size: number; etag: string }> {
    try {
      return { etag: yield* fs.readFile(this.#mark, 'utf8'), size: (yield* fs.stat(this.#part)).size }
    } catch (err) {
      if (isInterrupt(err) || (err as NodeJS.ErrnoException).code !== 'ENOENT') throw err
      return { etag: '', size: 0 }
    }
  }

  *#check(sha256: string): Green<void> {
    const hash = createHash('sha256')
    yield* pipeline(createReadStream(this.#part), hash)
    const found = hash.digest('hex')
    if (found === sha256.toLowerCase()) return
    yield* fs.rm(this.#mark)
    yield* fs.rm(this.#part)
    throw new DownloadError(`${basename(this.#part)} has the sha256 ${found}, and not ${sha256}; it was removed`)
  }
}

/** Downloads `url` for somebody who waits for it. */
function* main(url: string, file: string, sha256?: string): Green<void> {
  const bar = new ProgressBar('bytes')
  const download = new Download(url, file, (size, whole) => bar.show(size, whole))
  try {
    yield* download.run(sha256)
  } finally {
    bar.end()
  }
  console.log(`${basename(file)} is whole; ${String(download.arrived)} bytes have come in this run`)
}

/** What the command line says. */
function commandLine() {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { sha256: { type: 'string' } } })
    const [url, file = basename(url?.replace(/[?#].*$/u, '') ?? ''), ...more] = positionals
    if (more.length > 0) throw new Error(`one URL and one file are expected, but got ${more.join(' and ')} as well`)
    return { url, file, ...values }
  } catch (err) {
    return refuse(USAGE, err)
  }
}

const { url, file, sha256 } = commandLine()
if (url !== undefined) {
  await run(main, url, file, sha256).catch(giveUp)
} else {
  const program = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)]
  await run(tellStory, program, function* (url, file, sha256) {
    const download = new Download(url, file)
    yield* download.run(sha256)
    return download.arrived
  }).catch((err: unknown) => console.log(String(err)))
}
