/**
 * The processes that measure are started from plain JavaScript: compiled once at the start of a run, on the built package, as users have it.
 *
 * Under tsx each process would take a third of a second longer to start, and V8 would never optimise `new` of a derived class: tsx defines
 * the name of each class anew. Stands on esbuild. What is built lies in a folder of this run's own, so that two runs do not meet, and goes
 * with it.
 */
import { readdirSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const BENCH = fileURLToPath(new URL('..', import.meta.url))
const ALL_BUILT = `${BENCH}built/`
const BUILT = `${ALL_BUILT}${String(process.pid)}/`

/** The folders of which each file is a program, or is loaded by one. */
const PROGRAMS = ['contestants', 'echo', 'http']

/** Compiles all programs. */
export async function buildPrograms(): Promise<void> {
  removeLeft()
  process.once('exit', () => rmSync(BUILT, { recursive: true, force: true }))
  const files = await Promise.all(
    PROGRAMS.map(async (folder) =>
      (await readdir(`${BENCH}${folder}`)).filter((file) => file.endsWith('.ts')).map((file) => `${folder}/${file}`),
    ),
  )
  await build({
    absWorkingDir: BENCH,
    entryPoints: ['method/child.ts', 'method/growing.ts', ...files.flat()],
    outdir: BUILT,
    outbase: '.',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    tsconfig: 'tsconfig.json',
    logLevel: 'error',
  })
}

/** Where a program lies that was compiled: `contestants/bare.ts` gives the path of its JavaScript. */
export function builtPath(file: string): string {
  return BUILT + file.replace(/\.ts$/, '.js')
}

/** Where a file of this folder lies that is no TypeScript. */
export function pathOf(file: string): string {
  return BENCH + file
}

/** Removes what runs have left that were killed. */
function removeLeft(): void {
  for (const entry of readdirSync(BENCH).includes('built') ? readdirSync(ALL_BUILT) : []) {
    if (!isRunning(Number(entry))) rmSync(ALL_BUILT + entry, { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // or it is another user's, and so is its folder
  }
}
