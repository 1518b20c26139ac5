/**
 * The quick run: of each work with an aim over the limit or over promises, those whom such an aim names, in a twentieth of the times.
 *
 * It says within a minute whether something has become slower; what rivals there are is for the whole run, and so is what naps for seconds.
 * The cold works are short as they are. Stands on the works.
 */
import type { Aim, Kind, Work } from './work.ts'

const PART = 0.05

const OTHERS: readonly Kind[] = ['limit', 'promises']

/** The aims that a quick run looks at: of two of ours it would say nothing if both became slower. */
export function aimsOfQuick({ aims, contestants }: Work): readonly Aim[] {
  const isMeant = (name: string, kinds: readonly Kind[]): boolean => {
    const one = contestants.find((other) => other.name === name)
    return one?.by.means === 'node' && kinds.includes(one.kind)
  }
  return aims.filter(({ of, over, figure }) => figure === 'wallNs' && isMeant(of, ['ours']) && isMeant(over, OTHERS))
}

/** What is left of the works. */
export function quickOf(works: readonly Work[]): Work[] {
  return works.flatMap((one) => {
    const aims = one.idleMs === 0 ? aimsOfQuick(one) : []
    const names = new Set(aims.flatMap(({ of, over }) => [of, over]))
    const contestants = one.contestants
      .filter(({ name }) => names.has(name))
      .map((who) => (one.cold ? who : { ...who, times: Math.round(who.times * PART) }))
    return aims.length === 0 ? [] : [{ ...one, aims, contestants }]
  })
}

/** Of the works, those of these pairs, with only them. */
export function narrowed(
  works: readonly Work[],
  pairs: readonly { readonly work: string; readonly of: string; readonly over: string }[],
): Work[] {
  return works.flatMap((one) => {
    const names = new Set(pairs.filter(({ work }) => work === one.name).flatMap(({ of, over }) => [of, over]))
    return names.size === 0 ? [] : [{ ...one, contestants: one.contestants.filter(({ name }) => names.has(name)) }]
  })
}
