/**
 * The program that is to be run: where it is, and what it is written in.
 *
 * Decides as Node decides, by asking Node. Starts nothing, and knows nothing of the rest of the library.
 */
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

/** A program, as it was named on the command line. */
export interface Program {
  /** What was named, as an absolute path: the `process.argv[1]` of the program. */
  readonly path: string
  /** The file that Node takes for it, links followed; null where there is none. */
  readonly file: string | null
}

/** Finds the program called `name` on the command line: a file, one without its extension, or a folder. */
export function findProgram(name: string): Program {
  const path = resolve(name)
  return { path, file: findFrom(path, path) }
}

/** Whether it is written in TypeScript. */
export function isTypeScript({ file }: Program): boolean {
  return file !== null && /\.(?:[cm]?ts|tsx)$/u.test(file)
}

/** The file that `specifier` means in the file `from`; null where it means none. */
export function findFrom(from: string, specifier: string): string | null {
  try {
    return createRequire(from).resolve(specifier)
  } catch {
    return null
  }
}
