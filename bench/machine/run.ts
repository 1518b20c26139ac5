/**
 * Files are read, children run, streams copied, by one of the ways below: `node run.ts name times`. Prints the nanoseconds for each.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import nodeFs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline as nodePipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { Pool, run } from 'greenloop'
import { chunks, DEVNULL, end, fs, pipeline, subprocess, write } from 'greenloop/os'

const FILES = 1000
const FILE_BYTES = 1024
const READERS = 16

const RUNNERS = 8
/** A start takes longer or shorter by the machine's mood: so many times all of them, and the median. */
const BATCHES = 5

/** By name. Gives the nanoseconds for one, of `times`. */
const WAYS: Readonly<Record<string, (times: number) => Promise<number>>> = {
  // `times` is how often the thousand files are read; the figure is for a file.
  'fs.promises': reads((paths) => limited(READERS, paths, (path) => nodeFs.promises.readFile(path))),
  'fs, callbacks': reads((paths) => limited(READERS, paths, readByCallback)),
  'Pool.map of fs.readFile': reads((paths) =>
    run(function* () {
      yield* new Pool(READERS).map(fs.readFile, paths)
    }),
  ),

  // `times` is how many children.
  'child_process.spawn': runs(async (children) => {
    await limited(RUNNERS, children, () => once(spawn('true', { stdio: 'ignore' }), 'close'))
  }),
  'subprocess.run': runs((children) =>
    run(function* () {
      yield* new Pool(RUNNERS).map(function* () {
        yield* subprocess.run(['true'], { stdin: DEVNULL, stdout: DEVNULL, stderr: DEVNULL })
      }, children)
    }),
  ),
  'child_process.execFile': runs(async (children) => {
    await limited(RUNNERS, children, () => promisify(execFile)('echo', ['hello']))
  }),
  'subprocess.checkOutput': runs((children) =>
    run(function* () {
      yield* new Pool(RUNNERS).map(function* () {
        yield* subprocess.checkOutput(['echo', 'hello'], { text: true })
      }, children)
    }),
  ),

  // `times` is how many mebibytes are copied from a file to a file.
  'stream.pipeline': copies((from, to) => nodePipeline(nodeFs.createReadStream(from), nodeFs.createWriteStream(to))),
  pipeline: copies((from, to) =>
    run(function* () {
      yield* pipeline(nodeFs.createReadStream(from), nodeFs.createWriteStream(to))
    }),
  ),
  'chunks and write': copies((from, to) =>
    run(function* () {
      const target = nodeFs.createWriteStream(to)
      using pieces = chunks(nodeFs.createReadStream(from))
      while (yield* pieces.next()) yield* write(target, pieces.value)
      yield* end(target)
    }),
  ),
}

function readByCallback(path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    nodeFs.readFile(path, (error, data) => {
      if (error === null) resolve(data)
      else reject(error)
    })
  })
}

function reads(read: (paths: readonly string[]) => Promise<unknown>): (times: number) => Promise<number> {
  return (times) =>
    inFolder(async (folder) => {
      const paths = Array.from({ length: FILES }, (_, n) => join(folder, `${String(n)}.txt`))
      for (const path of paths) writeFileSync(path, 'x'.repeat(FILE_BYTES))
      for (let round = 0; round < times; round++) await read(paths) // the warm-up
      return timed(times * FILES, async () => {
        for (let round = 0; round < times; round++) await read(paths)
      })
    })
}

function runs(runAll: (children: readonly number[]) => Promise<unknown>): (times: number) => Promise<number> {
  return async (times) => {
    const children = Array.from({ length: times }, (_, n) => n)
    await runAll(children.slice(0, times / 4)) // the warm-up
    const batches: number[] = []
    for (let batch = 0; batch < BATCHES; batch++) batches.push(await timed(times, () => runAll(children)))
    return batches.sort((a, b) => a - b)[BATCHES >> 1] ?? NaN
  }
}

function copies(copy: (from: string, to: string) => Promise<unknown>): (times: number) => Promise<number> {
  return (times) =>
    inFolder(async (folder) => {
      const [from, to] = [join(folder, 'from'), join(folder, 'to')]
      writeFileSync(from, Buffer.alloc(times * 2 ** 20, 'x'))
      await copy(from, to) // the warm-up
      return timed(times, () => copy(from, to))
    })
}

/** Nanoseconds for each of `times`. */
async function timed(times: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return ((performance.now() - began) / times) * 1e6
}

/** As one writes it without a library: so many async functions take one item after the other. */
async function limited<T>(limit: number, items: readonly T[], fn: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values()
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of left) await fn(item)
    }),
  )
}

async function inFolder<T>(fn: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-bench-'))
  try {
    return await fn(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [, , name = '', times] = process.argv
const measure = WAYS[name]
if (measure === undefined) throw new Error(`There are ${Object.keys(WAYS).join(', ')}.`)
console.log(await measure(Number(times)))
