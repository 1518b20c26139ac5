/**
 * The same proof for each driver: what a program does with it, and what every emitter in its process emits, is the same without the library,
 * patched, and in greenlets. Each is a process of its own, which runs `programs/stage.ts`.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'
import type { Played } from './programs/stage.ts'

/** For three starts of Node on a busy machine. */
const LONGEST_MS = 30_000

/** What a process has printed. */
export interface Play extends Played {
  readonly stderr: string
}

/** Plays the scenario of `driver` in one of the modes of the stage. */
export async function play(driver: string, mode: string, env: Readonly<Record<string, string>>): Promise<Play> {
  const stage = new URL('./programs/stage.ts', import.meta.url).href
  const { stdout, stderr, code } = await runProgram(stage, { args: [driver, mode], env })
  expect([code, stdout.slice(0, 1)], stderr || stdout).toEqual([0, '{'])
  return { ...(JSON.parse(stdout) as Played), stderr: stderr.replaceAll(/\(node:\d+\)/gu, '(node)') }
}

/**
 * Makes the tests of a driver. `classes` are some whose emitters must be among those that were recorded; `env` gives the environment of
 * the programs when they are about to run.
 */
export function prove(
  driver: string,
  classes: readonly string[],
  env: () => Readonly<Record<string, string>> = () => ({}),
): void {
  describe(driver, () => {
    let plain: Play
    beforeAll(async () => {
      plain = await play(driver, 'plain', env())
    }, LONGEST_MS)

    it('does what its scenario says, in a process that does not load the library', () => {
      expect(plain).toMatchObject({ loaded: false, patched: false, waitsOfGreenlets: 0, unhandled: [] })
      expect(Object.keys(plain.results).length).toBeGreaterThan(5)
      expect(Object.entries(plain.results).filter(([, text]) => text.includes('the step failed'))).toEqual([])
      expect(Object.keys(plain.events)).toEqual(expect.arrayContaining(classes.map((name) => `${name} 1`)))
    })

    it('does and emits the same when everything is patched', { timeout: LONGEST_MS }, async () => {
      const patched = await play(driver, 'patched', env())
      expect(patched).toEqual({ ...plain, loaded: true, patched: true })
    })

    it('does and emits the same in greenlets', { timeout: LONGEST_MS }, async () => {
      const { waitsOfGreenlets, ...greenlets } = await play(driver, 'greenlets', env())
      expect(greenlets).toEqual({ ...withoutWaits(plain), loaded: true, patched: true })
      expect(waitsOfGreenlets).toBeGreaterThan(30)
    })
  })
}

function withoutWaits({ waitsOfGreenlets: _, ...rest }: Play): Omit<Play, 'waitsOfGreenlets'> {
  return rest
}
