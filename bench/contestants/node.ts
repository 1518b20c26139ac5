/**
 * Node's own ways to files, children and streams, as one writes them without a library.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, promises, readFile } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { Runs } from '../method/runs.ts'
import { copying, reading } from './shared/machine.ts'

export const runs: Runs = {
  'files, promises': reading((paths, atOnce) => limited(atOnce, paths, (path) => promises.readFile(path))),

  'files, callbacks': reading((paths, atOnce) => limited(atOnce, paths, readByCallback)),

  async children(times, _, atOnce) {
    await limited(atOnce, Array<null>(times).fill(null), () => once(spawn('true', { stdio: 'ignore' }), 'close'))
  },

  async 'children, output'(times, _, atOnce) {
    await limited(atOnce, Array<null>(times).fill(null), () => promisify(execFile)('echo', ['hello']))
  },

  copy: copying((from, to) => pipeline(createReadStream(from), createWriteStream(to))),
}

function readByCallback(path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    readFile(path, (error, data) => {
      if (error === null) resolve(data)
      else reject(error)
    })
  })
}

/** So many async functions take one item after the other; all results are kept. */
async function limited<T, R>(limit: number, items: readonly T[], fn: (item: T) => Promise<R>): Promise<R[]> {
  const left = items.entries()
  const results = new Array<R>(items.length)
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const [index, item] of left) results[index] = await fn(item)
    }),
  )
  return results
}
