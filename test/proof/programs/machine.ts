// What Node and tools of others do with streams and child processes: esbuild's service, tsx, cluster, workers with pipes, readline, zlib. The
// argument is a mode; workers of the cluster, which run this file, too, are told by Node. Writes what came of it as JSON.
import { exec, execFile, spawn as start } from 'node:child_process'
import cluster, { type Worker as ClusterWorker } from 'node:cluster'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createInterface as createPromising } from 'node:readline/promises'
import { Duplex, PassThrough, Readable, Transform } from 'node:stream'
import { buffer, json, text } from 'node:stream/consumers'
import { finished, pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import zlib from 'node:zlib'
import { transform as compile } from 'esbuild'

type Mode = 'plain' | 'patched' | 'greenlet'

const mode = process.argv[2] as Mode
const library = mode === 'plain' ? null : { ...(await import('greenloop')), ...(await import('greenloop/monkey')) }
library?.patchAll()

const folder = cluster.isPrimary ? mkdtempSync(join(tmpdir(), 'greenloop-')) : ''
const file = (name: string, content: string): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const LINES = 'one\ntwo\nthree\n'
const LONG = 'a long text '.repeat(20_000)

/** By name, what is done, and what came of it. */
const programs: Record<string, () => Promise<unknown>> = {
  async 'esbuild compiles, by a child that stays'() {
    const { code } = await compile('const answer: number = 42', { loader: 'ts' })
    return code
  },

  async 'tsx runs a program'() {
    const path = file('program.ts', 'const word: string = "typed"\nconsole.log(word)')
    return promisify(execFile)(process.execPath, ['--import', 'tsx', path])
  },

  async 'a cluster: two workers, of which each answers'() {
    const workers: ClusterWorker[] = []
    const answers: string[] = []
    for (let n = 0; n < 2; n++) {
      const worker = cluster.fork()
      workers.push(worker)
      const [{ port }] = (await once(worker, 'listening')) as [{ port: number }]
      const request = http.get({ port, host: '127.0.0.1', agent: false })
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      answers.push(await text(response))
      worker.send('enough')
      answers.push(String((await once(worker, 'exit'))[0]))
    }
    return [answers, workers.map((worker) => worker.process.constructor.name)]
  },

  async 'a worker with pipes'() {
    const code = "process.stdin.on('data', (data) => process.stdout.write(String(data).toUpperCase()))"
    const worker = new Worker(code, { eval: true, stdin: true, stdout: true })
    worker.stdin?.end('said')
    const [said, [exitCode]] = (await Promise.all([text(worker.stdout), once(worker, 'exit')])) as [string, [number]]
    return [said, exitCode]
  },

  async 'readline: of a child, with questions, and for await'() {
    const lines: string[] = []
    const child = start('cat', { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(LINES)
    for await (const line of createInterface({ input: child.stdout })) lines.push(line)
    const input = new PassThrough()
    const output = new PassThrough()
    const asking = createPromising({ input, output })
    const answer = asking.question('the answer? ')
    input.write('forty-two\n')
    lines.push(await answer)
    asking.close()
    return [lines, String(output.read())]
  },

  async 'zlib: streams, callbacks, promises'() {
    const zipped = await promisify(zlib.gzip)(LONG)
    const brotli = await buffer(Readable.from([LONG]).pipe(zlib.createBrotliCompress()))
    const chunks: Buffer[] = []
    await pipeline(Readable.from([zipped]), zlib.createGunzip(), async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) chunks.push(chunk)
    })
    return [
      Buffer.concat(chunks).toString() === LONG,
      zlib.brotliDecompressSync(brotli).toString() === LONG,
      zlib.inflateSync(zlib.deflateSync(LONG)).length,
    ]
  },

  async 'streams: operators, compose, from, web streams, consumers'() {
    const upper = new Transform({
      transform(chunk, _, done) {
        done(null, String(chunk).toUpperCase())
      },
    })
    const doubled = (source: AsyncIterable<unknown>): Readable =>
      Readable.from(source).map((chunk: unknown) => String(chunk).repeat(2))
    const composed = upper.compose(doubled) as unknown as Readable // its type says less than it is
    upper.end('ab')
    const unread = new PassThrough().resume()
    unread.end('nobody reads this')
    await finished(unread)
    return [
      await text(composed),
      await Readable.from([1, 2, 3, 4])
        .filter((n: number) => n % 2 === 0)
        .toArray(),
      await new Response(Readable.toWeb(Readable.from([Buffer.from('web')])) as ReadableStream).text(),
      await text(Readable.fromWeb(new Blob(['from the web']).stream() as never)),
      await json(Duplex.from(Promise.resolve('{"promised":true}'))),
    ]
  },

  async 'children: a shell, one that fails, one that is piped into another'() {
    const failed = await promisify(exec)('echo out; exit 3').catch((error: unknown) => error)
    const [one, two] = [start('printf', ['b\\na\\n']), start('sort')]
    one.stdout.pipe(two.stdin)
    const sorted = await text(two.stdout)
    const { code, stdout } = failed as { code: number; stdout: string } // Node makes it
    return [code, stdout, sorted]
  },
}

/** What a worker of the cluster does. */
function serve(): void {
  const server = http.createServer((_, response) => {
    response.end('answered by a worker')
  })
  server.listen(0, '127.0.0.1')
  process.once('message', () => {
    process.exit(7)
  })
}

if (cluster.isWorker) {
  serve()
} else {
  const results: Record<string, unknown> = {}
  try {
    for (const [name, program] of Object.entries(programs)) {
      // In the third mode it begins in a greenlet's slice, and a greenlet drives its promise.
      results[name] = await (library === null || mode !== 'greenlet'
        ? program()
        : library.run(function* () {
            return yield* library.until(program())
          }))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  console.log(JSON.stringify(results))
}
