// requests beside Python's: the same calls of the same local site, played by both; the same outcome, or a reason why not.
import { beforeAll, describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import type { Departure, Outcome } from './case.ts'
import { parts } from './cases/all.ts'
import { departures } from './departures.ts'
import { playAll } from './play.ts'
import { askPython, LONGEST_MS, RECORD, type Run, record, recorded } from './python.ts'

checkLeaks()

const cases = Object.values(parts).flat()

let python: Run | null
let theirs: ReadonlyMap<unknown, Outcome>
let ours: ReadonlyMap<unknown, Outcome>

beforeAll(async () => {
  const played = await Promise.all([askPython(cases), playAll(cases)])
  python = played[0]
  theirs = byTitle(recorded().outcomes)
  ours = byTitle(played[1])
}, LONGEST_MS)

it('has more than forty cases, each with a title of its own', () => {
  expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length)
  expect(cases.length).toBeGreaterThan(40)
})

it('has a case for each reason', () => {
  const titles = cases.map(({ title }) => title)
  expect(Object.keys(departures).filter((title) => !titles.includes(title))).toEqual([])
})

it('has recorded what Python says today', async ({ skip }) => {
  const { versions } = recorded()
  if (python?.versions === versions) {
    await expect(record(python)).toMatchFileSnapshot(RECORD)
  } else {
    const here = python === null ? 'python3 has no requests here' : `python3 has ${python.versions} here`
    console.warn(`${here}: ours is compared with what was recorded of ${versions}.`)
    skip(here)
  }
})

for (const [part, rows] of Object.entries(parts)) {
  describe(part, () => {
    for (const { title } of rows) {
      const departure = departures[title]
      it(departure === undefined ? title : `${title} (another outcome: ${departure.reason})`, () => {
        const [same, found] = [theirs.get(title), ours.get(title)]
        expect(found).toEqual(expected(same, departure))
        if (departure !== undefined) expect(found, 'it is the same outcome by now').not.toEqual(same)
      })
    }
  })
}

function byTitle(outcomes: readonly Outcome[]): ReadonlyMap<unknown, Outcome> {
  return new Map(outcomes.map((outcome) => [outcome['title'], outcome]))
}

/** What ours is to be: Python's, with what the departure says instead. */
function expected(same: Outcome | undefined, departure: Departure | undefined): Outcome {
  return Object.fromEntries(Object.entries({ ...same, ...departure?.ours }).filter(([, value]) => value !== null))
}
