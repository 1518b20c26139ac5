// Limits of connections per host: a dispatcher for both fetches, and for undici's own calls.
import { type Green, getHub, joinall, run, sleep, spawn } from 'greenloop'
import { limitPerHost } from 'greenloop/http'
import * as undici from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'
import { serve } from '../support.ts'
import { type AnyFetch, BOTH, patchForFile } from './both.ts'

checkLeaks()
patchForFile()

interface Counted {
  readonly url: string
  /** How many requests were open at once, at most. */
  most(): number
  /** In the order in which they came. */
  readonly paths: string[]
  /** Lets those answer that have come, and those that come. */
  open(): void
}

/** A server that answers when it is opened, and counts. */
async function counted(isOpen = true): Promise<Counted> {
  let [now, most] = [0, 0]
  const held: (() => void)[] = []
  const paths: string[] = []
  const { url } = await serve((request, response) => {
    most = Math.max(most, ++now)
    paths.push(String(request.url))
    response.on('close', () => now--)
    const answer = (): void => void setTimeout(() => response.end('page'), 1)
    if (isOpen) answer()
    else held.push(answer)
    return true
  })
  return {
    url,
    paths,
    most: () => most,
    open() {
      isOpen = true
      for (const answer of held) answer()
    },
  }
}

function limit(connections: number): undici.Agent {
  const dispatcher = limitPerHost(connections)
  onTestFinished(() => dispatcher.destroy())
  return dispatcher
}

const ALL: readonly (readonly [string, AnyFetch])[] = [
  ...BOTH,
  ['undici.fetch', undici.fetch],
  [
    'undici.request',
    (async (url: string, options: { dispatcher: undici.Dispatcher }) =>
      (await undici.request(url, options)).body) as unknown as AnyFetch, // what is used of it is the same
  ],
]

describe.each(ALL)('%s', (_, fetch) => {
  function* get(url: string, dispatcher: undici.Dispatcher): Green<string> {
    const response = yield* fetch(url, { dispatcher })
    return yield* response.text()
  }

  it('100 requests at a limit of 4: never more than 4 at once, first come, first served', async () => {
    const { url, most, paths } = await counted()
    const dispatcher = limit(4)
    const all = Array.from({ length: 100 }, (_unused, n) => spawn(get, `${url}/${n}`, dispatcher))
    await joinall(all, { raiseError: true })
    expect(most()).toBe(4)
    // Four are under way at once, so that two may change places; none overtakes more than those.
    const places = paths.map((path) => Number(path.slice(1)))
    expect(places.every((n, place) => Math.abs(n - place) < 4)).toBe(true)
    expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_unused, n) => n))
  })
})

describe.each(BOTH)('%s', (_, fetch) => {
  function* get(url: string, dispatcher: undici.Dispatcher): Green<string> {
    const response = yield* fetch(url, { dispatcher })
    return yield* response.text()
  }

  it('who is killed frees its place, or leaves the line', async () => {
    const { url, paths, open } = await counted(false)
    const dispatcher = limit(2)
    const all = Array.from({ length: 8 }, (_unused, n) => spawn(get, `${url}/${n}`, dispatcher))
    await eventually('two are under way', () => paths.length === 2)
    for (const n of [0, 1, 2, 5]) await all[n]!.kill() // two that are under way, two that stand in the line
    await eventually('the next two are', () => paths.length === 4)
    open()
    await joinall(all)
    expect([...paths].sort()).toEqual(['/0', '/1', '/3', '/4', '/6', '/7'])
    expect(all.map(({ value }) => typeof value)).toEqual([
      'object',
      'object',
      'object',
      'string',
      'string',
      'object',
      'string',
      'string',
    ])
    expect(getHub().outstanding).toBe(0)
  })

  it('each host has its own', async () => {
    const [one, other] = [await counted(false), await counted(false)]
    const dispatcher = limit(1)
    const all = [one, other].flatMap(({ url }) => [1, 2].map((n) => spawn(get, `${url}/${n}`, dispatcher)))
    await eventually('one is under way at each', () => one.paths.length === 1 && other.paths.length === 1)
    one.open()
    other.open()
    await joinall(all, { raiseError: true })
    expect([one.most(), other.most()]).toEqual([1, 1])
  })

  it('connections are used again', async () => {
    const dispatcher = limit(1)
    const ports = new Set<number | undefined>()
    const { url } = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      response.end()
      return true
    })
    await run(function* () {
      for (let n = 0; n < 5; n++) {
        yield* get(url, dispatcher)
        yield* sleep(1)
      }
    })
    expect(ports.size).toBe(1)
  })
})

it('limitPerHost takes the other options of undici’s Agent', async () => {
  const dispatcher = limitPerHost(2, { headersTimeout: 20 })
  onTestFinished(() => dispatcher.destroy())
  expect(dispatcher).toBeInstanceOf(undici.Agent)
  const { url } = await serve()
  const late = run(function* () {
    yield* fetch(`${url}/silent`, { dispatcher })
  })
  await expect(late).rejects.toMatchObject({ cause: { code: 'UND_ERR_HEADERS_TIMEOUT' } })
})

it('limitPerHost refuses what is no number of connections', () => {
  for (const [wrong, shown] of [
    [0, '0 (number)'],
    [1.5, '1.5 (number)'],
    ['4', '"4" (string)'],
  ]) {
    expect(usage(() => limitPerHost(wrong as number))).toBe(
      `limitPerHost() expects \`connections\` to be an integer, 1 or more, but got ${String(shown)}.`,
    )
  }
  expect(usage(() => limitPerHost(1, null as never))).toBe(
    'limitPerHost() expects its options as an object, such as { keepAliveTimeout: 4000 }, but got null.',
  )
})
