/**
 * A file server: whole files and parts of them (`Range`), so that a download can be resumed and a film skipped in; `304` for what the client has
 * already (`ETag`), and nothing outside its folder. A file goes out as it is read, at the pace of the client.
 *
 * Run: `npx tsx examples/file-server.ts`, which asks itself, or `npx tsx examples/file-server.ts <folder> <port>`, which serves a folder until
 * Ctrl-C and writes an access log.
 *
 * Expected output:
 * ```text
 * GET /notes.txt: 200 OK, text/plain, "abcdefghijklmnopqrstuvwxyz"
 * GET /notes.txt, bytes=0-4: 206 Partial Content, bytes 0-4/26, "abcde"
 * GET /notes.txt, bytes=20-: 206 Partial Content, bytes 20-25/26, "uvwxyz"
 * GET /notes.txt, bytes=-3: 206 Partial Content, bytes 23-25/26, "xyz"
 * GET /notes.txt, bytes=26-: 416 Range Not Satisfiable, none of 26 bytes
 * GET /notes.txt, the same as last time: 304 Not Modified
 * HEAD /notes.txt: 200 OK, text/plain, 26 bytes
 * GET /missing.txt: 404 Not Found
 * GET /%2e%2e/secret.txt: 404 Not Found
 * DELETE /notes.txt: 405 Method Not Allowed, GET, HEAD
 * a download of 5000000 bytes breaks off, is resumed, and is the same file
 * ```
 */
import { createReadStream, type Stats } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, normalize, sep } from 'node:path'
import { type Green, isInterrupt, run, until } from 'greenloop'
import { Response, requests, type ServerRequest, serve } from 'greenloop/http'
import { lookup } from 'mrmime'

/** The bytes of a file from `first` to `last`, both included. */
interface Span {
  readonly first: number
  readonly last: number
}

/** Answers with the files of `folder`. */
function filesOf(folder: string) {
  return function* files(request: ServerRequest): Green<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
    const path = fileAt(folder, request.path)
    const stats = path === null ? null : yield* statOf(path)
    if (path === null || stats?.isFile() !== true) return new Response('no such file\n', { status: 404 })

    const { size } = stats
    const etag = `"${size.toString(16)}-${Math.floor(stats.mtimeMs).toString(16)}"`
    const headers = { etag, 'accept-ranges': 'bytes', 'content-type': lookup(path) ?? 'application/octet-stream' }
    if (request.header('if-none-match') === etag) return new Response(null, { status: 304, headers })

    const span = spanOf(request.header('range'), size)
    if (span === 'outside')
      return new Response(null, { status: 416, headers: { 'content-range': `bytes */${String(size)}` } })
    const { first, last } = span ?? { first: 0, last: size - 1 }
    const length = { 'content-length': String(last - first + 1) }
    const part = span === null ? {} : { 'content-range': `bytes ${String(first)}-${String(last)}/${String(size)}` }
    return new Response(
      request.method === 'HEAD' || size === 0 ? null : createReadStream(path, { start: first, end: last }),
      {
        status: span === null ? 200 : 206,
        headers: { ...headers, ...length, ...part },
      },
    )
  }
}

/** The file that a path of a URL means; null for one outside the folder, and for what is no path. */
function fileAt(folder: string, path: string): string | null {
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return null
  }
  if (decoded.includes('\0')) return null
  const file = normalize(join(folder, decoded))
  return file.startsWith(folder + sep) ? file : null
}

function* statOf(path: string): Green<Stats | null> {
  try {
    return yield* until(stat(path))
  } catch (err) {
    if (isInterrupt(err)) throw err
    return null // there is none
  }
}

/** The part that is asked for; null: all of it, as for every range that is not understood. */
function spanOf(range: string | null, size: number): Span | 'outside' | null {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/u.exec(range ?? '') ?? []
  if (from === '' && to === '') return null
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (first > last) return from !== '' && to !== '' && Number(from) > Number(to) ? null : 'outside'
  return { first, last }
}

/** What we ask of our own server. */
function* ask(url: string): Green<void> {
  const show = function* (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    remark = headers['range'],
  ) {
    const answer = yield* requests.request(method, url + path, { headers })
    const { 'content-type': type, 'content-range': range, allow, 'content-length': length } = answer.headers
    const text =
      method === 'HEAD' ? `${length ?? ''} bytes` : answer.text === '' || !answer.ok ? '' : `"${answer.text}"`
    const details = [
      range?.replace(/^bytes \*.(\d+)$/u, 'none of $1 bytes') ?? (answer.statusCode === 200 ? type : undefined),
      allow,
      text,
    ].filter((detail) => detail !== undefined && detail !== '')
    const question = remark === undefined ? `${method} ${path}` : `${method} ${path}, ${remark}`
    console.log(`${question}: ${[`${String(answer.statusCode)} ${answer.reason}`, ...details].join(', ')}`)
    return answer
  }
  const { headers } = yield* show('GET', '/notes.txt')
  for (const range of ['bytes=0-4', 'bytes=20-', 'bytes=-3', 'bytes=26-']) yield* show('GET', '/notes.txt', { range })
  yield* show('GET', '/notes.txt', { 'if-none-match': headers['etag'] ?? '' }, 'the same as last time')
  yield* show('HEAD', '/notes.txt')
  yield* show('GET', '/missing.txt')
  yield* show('GET', '/%2e%2e/secret.txt')
  yield* show('DELETE', '/notes.txt')
}

/** Downloads a file, loses the connection after a while, and fetches the rest. */
function* resume(url: string): Green<Buffer> {
  const pieces: Buffer[] = []
  const size = () => pieces.reduce((sum, piece) => sum + piece.length, 0)
  {
    using answer = yield* requests.get(url, { stream: true })
    const chunks = answer.iterContent()
    while (size() < 1_000_000 && (yield* chunks.next())) pieces.push(chunks.value)
  } // closed here, in the middle
  const rest = yield* requests.get(url, { headers: { range: `bytes=${String(size())}-` } })
  return Buffer.concat([...pieces, rest.content])
}

const [folder, port = '8000'] = process.argv.slice(2)
if (folder !== undefined) {
  await run(function* () {
    const server = yield* serve(filesOf(normalize(folder).replace(/[/\\]$/u, '')), { port: Number(port), log: true })
    console.log(`serving ${folder} at ${server.url}, until Ctrl-C`)
    yield* server.serveForever()
  })
} else {
  const temporary = await mkdtemp(join(tmpdir(), 'greenloop-files-'))
  const files = join(temporary, 'public')
  const big = Buffer.from(Uint8Array.from({ length: 5_000_000 }, (_, n) => n * 7))
  await mkdir(files)
  await writeFile(join(temporary, 'secret.txt'), 'not for you')
  await writeFile(join(files, 'notes.txt'), 'abcdefghijklmnopqrstuvwxyz')
  await writeFile(join(files, 'big.bin'), big)
  await run(function* () {
    const server = yield* serve(filesOf(files), { port: 0 })
    yield* ask(server.url)
    const copy = yield* resume(`${server.url}/big.bin`)
    console.log(
      `a download of ${String(big.length)} bytes breaks off, is resumed, and is ${copy.equals(big) ? 'the same file' : 'another file'}`,
    )
    yield* server.stop()
  })
  await rm(temporary, { recursive: true })
}
