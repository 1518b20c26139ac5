/**
 * What a work on the machine needs before and after: a folder with files, which goes when the work is done.
 *
 * Stands on Node alone. Leaves reading and copying to the contestants.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Run } from '../../method/runs.ts'

const FILES = 1000
const FILE_BYTES = 1024
const MEBIBYTE = 2 ** 20

/** So many files are read, a thousand of them and then the same ones again. The parameter is how many at once. */
export function reading(read: (paths: readonly string[], atOnce: number) => Promise<unknown>): Run {
  return (times, watch, atOnce) =>
    inFolder(async (folder) => {
      const paths = Array.from({ length: Math.min(times, FILES) }, (_, n) => join(folder, `${String(n)}.txt`))
      for (const path of paths) writeFileSync(path, 'x'.repeat(FILE_BYTES))
      watch.start()
      for (let left = times; left > 0; left -= FILES) await read(paths.slice(0, left), atOnce)
      watch.stop()
    })
}

/** A file of so many mebibytes is copied. */
export function copying(copy: (from: string, to: string) => Promise<unknown>): Run {
  return (times, watch) =>
    inFolder(async (folder) => {
      const [from, to] = [join(folder, 'from'), join(folder, 'to')]
      writeFileSync(from, Buffer.alloc(times * MEBIBYTE, 'x'))
      watch.start()
      await copy(from, to)
      watch.stop()
    })
}

async function inFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-bench-'))
  try {
    await fn(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
