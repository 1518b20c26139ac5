// The channels of diagnostics_channel, and what DEBUG=greenloop:* prints of the same.
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  type ChannelMessages,
  Event,
  Greenlet,
  getcurrent,
  Queue,
  RawGreenlet,
  sleep,
  spawn,
  spawnRaw,
  spawnWith,
} from 'greenloop'
import { afterEach, describe, expect, it } from 'vitest'
import { kernel } from '../src/greenlet/kernel.ts'
import { checkLeaks } from './support/leaks.ts'
import { runProgram } from './support/program.ts'
import { virtualHub } from './support/virtual-clock.ts'

checkLeaks()

type Name = keyof ChannelMessages
const NAMES: readonly Name[] = [
  'greenloop:spawn',
  'greenloop:switch',
  'greenloop:end',
  'greenloop:block',
  'greenloop:wake',
]

/** To be called at the end of the test, before the leak check. */
const undo: (() => void)[] = []
afterEach(() => {
  for (const unlisten of undo.splice(0)) unlisten()
})

/** Subscribes for the rest of the test; answers what comes. */
function listen<N extends Name>(name: N): ChannelMessages[N][] {
  const messages: ChannelMessages[N][] = []
  const note = (message: unknown): void => void messages.push(message as ChannelMessages[N])
  subscribe(name, note)
  undo.push(() => {
    unsubscribe(name, note)
  })
  return messages
}

/** Who watches. */
function watchers(): unknown {
  return { observer: (kernel.host as { observer: unknown } | null)?.observer ?? null, tracer: kernel.tracer }
}

describe('without subscribers', () => {
  it('nothing is watched', () => {
    const { hub } = virtualHub()
    expect([hub.observer, kernel.tracer]).toEqual([null, null])
  })

  it.each(NAMES)('nothing is watched any more when the last of several has gone: %s', (name) => {
    virtualHub()
    const one = (): undefined => undefined
    const other = (): undefined => undefined
    subscribe(name, one)
    channel(name).subscribe(other) // eslint-disable-line @typescript-eslint/no-deprecated -- tools call it
    const watched = JSON.stringify(watchers()) !== JSON.stringify({ observer: null, tracer: null })
    const gone = [unsubscribe(name, one), unsubscribe(name, one)]
    const still = JSON.stringify(watchers()) !== JSON.stringify({ observer: null, tracer: null })
    channel(name).unsubscribe(other) // eslint-disable-line @typescript-eslint/no-deprecated -- the same
    expect({ watched, gone, still, ...(watchers() as object) }).toEqual({
      watched: true,
      gone: [true, false],
      still: true,
      observer: null,
      tracer: null,
    })
  })

  it('a tool that binds a store is one, too', async () => {
    const { AsyncLocalStorage } = await import('node:async_hooks')
    virtualHub()
    const store = new AsyncLocalStorage<unknown>()
    channel('greenloop:switch').bindStore(store)
    const bound = kernel.tracer !== null
    channel('greenloop:switch').unbindStore(store)
    expect([bound, kernel.tracer]).toEqual([true, null])
  })
})

describe('greenloop:spawn', () => {
  it('tells of each greenlet that is started: who it is, who has started it, and its hub', () => {
    const { hub, clock } = virtualHub()
    const messages = listen('greenloop:spawn')
    const made: Greenlet[] = []
    const parent = spawn(function* () {
      made.push(spawn(sleep, 0))
    })
    const later = Greenlet.spawnLater(5, () => undefined)
    const started = new Greenlet(() => undefined)
    started.start()
    const raw = spawnRaw(() => undefined)
    clock.run()
    expect(messages.map(({ greenlet, spawner, hub: its }) => [greenlet.name, spawner.name, its === hub])).toEqual([
      [parent.name, 'main', true],
      [later.name, 'main', true],
      [started.name, 'main', true],
      [raw.name, 'main', true],
      [made[0]!.name, parent.name, true],
    ])
    expect(messages[0]).toEqual({ greenlet: parent, spawner: getcurrent(), hub })
  })
})

describe('greenloop:switch', () => {
  it('tells of each transfer, with a value or an error', () => {
    const messages = listen('greenloop:switch')
    const main = getcurrent()
    const other: RawGreenlet = new RawGreenlet(function* other() {
      yield* main.switch()
      throw new Error('end')
    })
    const one = new RawGreenlet(function* one() {
      yield* other.switch()
    })
    one.switch()
    expect(() => other.switch()).toThrow('end')
    one.throw()
    expect(messages.map(({ origin, target, throwing }) => [origin.name, target.name, throwing])).toEqual([
      ['main', 'one', false],
      ['one', 'other', false],
      ['other', 'main', false],
      ['main', 'other', false],
      ['other', 'main', true],
      ['main', 'one', true],
      ['one', 'main', false],
    ])
    expect(messages[0]).toEqual({ origin: main, target: one, throwing: false })
  })

  it('tells of whom the hub resumes', () => {
    const { clock } = virtualHub()
    const messages = listen('greenloop:switch')
    spawnWith({ name: 'sleeper' }, sleep, 3)
    clock.run()
    expect(messages.map(({ origin, target }) => [origin.name, target.name])).toEqual([
      ['main', 'sleeper'],
      ['main', 'sleeper'],
    ])
  })
})

describe('greenloop:end', () => {
  it('tells how each has ended: by a value, by an error, by a kill', () => {
    const { hub, clock } = virtualHub()
    hub.onError = () => undefined
    const messages = listen('greenloop:end')
    const broken = new Error('broken')
    const returned = spawn(() => 7)
    const failed = spawn(() => {
      throw broken
    })
    const killed = spawn(sleep, 1000)
    const unstarted = spawn(sleep, 1000)
    unstarted.kill()
    const raw = spawnRaw(() => 'raw')
    clock.run(1)
    killed.kill()
    clock.run()
    expect(messages).toEqual([
      { greenlet: unstarted, outcome: 'killed', value: undefined, error: unstarted.value },
      { greenlet: returned, outcome: 'returned', value: 7, error: undefined },
      { greenlet: failed, outcome: 'failed', value: undefined, error: broken },
      { greenlet: raw, outcome: 'returned', value: 'raw', error: undefined },
      { greenlet: killed, outcome: 'killed', value: undefined, error: killed.value },
    ])
  })
})

describe('greenloop:block and greenloop:wake', () => {
  it('tell of each wait, as it is written, and of who has ended it', () => {
    const { clock } = virtualHub()
    const blocks = listen('greenloop:block')
    const wakes = listen('greenloop:wake')
    const queue = new Queue<number>()
    const event = new Event()
    const taker = spawnWith({ name: 'taker' }, function* () {
      yield* queue.get()
      yield* event.wait()
    })
    const giver = spawnWith({ name: 'giver' }, function* () {
      yield* sleep(0)
      queue.putNowait(1)
      yield* sleep(5)
    })
    taker.link(() => undefined)
    clock.run(1)
    event.set()
    clock.run()
    expect(blocks).toEqual([
      { greenlet: taker, wait: 'queue.get()' },
      { greenlet: giver, wait: null },
      { greenlet: giver, wait: 'sleep(5)' },
      { greenlet: taker, wait: 'event.wait()' },
    ])
    expect(wakes.map(({ greenlet, waker }) => [greenlet.name, waker.name])).toEqual([
      ['taker', 'main'],
      ['giver', 'main'],
      ['giver', 'giver'],
      ['taker', 'giver'],
      ['taker', 'main'],
      ['giver', 'main'],
    ])
  })
})

describe('a tool that knows nothing of the library', () => {
  const seen = 'greenloop:spawn main\ngreenloop:switch main\ngreenloop:switch main\ngreenloop:end main\n'

  it.each(['before', 'after'])('may subscribe %s it is loaded', async (when) => {
    expect(await runProgram('channels.ts', { args: [when] })).toEqual({ stdout: seen, stderr: '', code: 0 })
  })

  it('that throws, or tries to switch, is reported as uncaught, and disturbs nobody', async () => {
    expect(await runProgram('channels-uncaught.ts')).toEqual({
      stdout:
        'UsageError: A tracer called switch() or throw(), but it runs in the middle of a switch, where it can only watch.\n' +
        'done\nError: a broken tool\nError: a broken tool\n',
      stderr: '',
      code: 0,
    })
  })
})

describe('DEBUG', () => {
  /** The lines that the program prints, without the namespace before them. */
  async function printed(namespace: string): Promise<string[]> {
    const env = { DEBUG: namespace, DEBUG_HIDE_DATE: '1' }
    const { stdout, stderr, code } = await runProgram('debug-namespaces.ts', { env })
    expect([stdout, code]).toEqual(['', 0])
    return stderr.split('\n').map((line) => line.replace(`${namespace} `, ''))
  }

  it('=greenloop:spawn prints who is started by whom', async () => {
    expect(await printed('greenloop:spawn')).toEqual([
      'parent is spawned by main',
      'failing is spawned by parent',
      'broken is spawned by parent',
      'killed is spawned by parent',
      '',
    ])
  })

  it('=greenloop:end prints how each has ended', async () => {
    expect(await printed('greenloop:end')).toEqual([
      'failing has failed: TypeError: no such thing',
      "broken has failed: { reason: 'an object' }",
      'killed was killed',
      'parent has returned',
      '',
    ])
  })

  it('=greenloop:switch prints each transfer', async () => {
    expect(await printed('greenloop:switch')).toEqual([
      'main to player',
      'player to main',
      'main to player',
      'player throws to main',
      'main to parent',
      'main to failing',
      'main to broken',
      'main to killed',
      'main to parent',
      'main throws to killed',
      'main to parent',
      '',
    ])
  })

  it('of others prints nothing', async () => {
    expect(await printed('http')).toEqual([''])
  })
})
