/** Real files for the tests of files, and what of them is open in this process. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder for the running test; gives paths in it. */
export function folder(): (...names: string[]) => string {
  const path = mkdtempSync(join(tmpdir(), 'greenloop-'))
  // What a killed call leaves to be done unseen may still be made a moment later.
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  })
  return (...names) => join(path, ...names)
}

/** Only Linux tells which files a process has open. */
export const TELLS_OPEN: boolean = process.platform === 'linux'

/** The paths of all files under `path` that this process has open, once for each descriptor. */
export function openUnder(path: string): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        return '' // the one by which the folder itself was read
      }
    })
    .filter((target) => target.startsWith(path))
}
