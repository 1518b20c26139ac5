/**
 * The library's ways to files, children and streams.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { Pool, run } from 'greenloop'
import { chunks, DEVNULL, end, fs, pipeline, subprocess, write } from 'greenloop/os'
import type { Runs } from '../method/runs.ts'
import { copying, reading } from './shared/machine.ts'

export const runs: Runs = {
  files: reading((paths, atOnce) =>
    run(function* () {
      yield* new Pool(atOnce).map(fs.readFile, paths)
    }),
  ),

  async children(times, _, atOnce) {
    await run(function* () {
      yield* new Pool(atOnce).map(function* () {
        yield* subprocess.run(['true'], { stdin: DEVNULL, stdout: DEVNULL, stderr: DEVNULL })
      }, Array<null>(times).fill(null))
    })
  },

  async 'children, output'(times, _, atOnce) {
    await run(function* () {
      yield* new Pool(atOnce).map(function* () {
        return yield* subprocess.checkOutput(['echo', 'hello'], { text: true })
      }, Array<null>(times).fill(null))
    })
  },

  'copy, pipeline': copying((from, to) =>
    run(function* () {
      yield* pipeline(createReadStream(from), createWriteStream(to))
    }),
  ),

  'copy, chunks': copying((from, to) =>
    run(function* () {
      const target = createWriteStream(to)
      using pieces = chunks(createReadStream(from))
      while (yield* pieces.next()) yield* write(target, pieces.value)
      yield* end(target)
    }),
  ),
}
