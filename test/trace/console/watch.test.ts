// What a page is told: the tree and its rows, waits, rates and numbers; on a virtual clock, where times are exact.
import {
  type Green,
  joinall,
  Queue,
  RawGreenlet,
  RLock,
  setLocations,
  sleep,
  spawn,
  spawnLater,
  spawnWith,
} from 'greenloop'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ConsoleState, Row } from '../../../src/trace/console/state.ts'
import { readView } from '../../../src/trace/console/view.ts'
import { Watch } from '../../../src/trace/console/watch.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { type VirtualClock, virtualHub } from '../../support/virtual-clock.ts'

checkLeaks()

let open: Watch[] = []
afterEach(() => {
  for (const watch of open) watch.stop()
  open = []
})

interface Setting {
  readonly clock: VirtualClock
  readonly watch: Watch
  look(query?: string): ConsoleState
}

/** A hub on a virtual clock, and a watch that has begun. */
function setting(): Setting {
  const { hub, clock } = virtualHub()
  const watch = new Watch(hub, 500, true)
  open.push(watch)
  const look = (query = ''): ConsoleState => watch.look(readView(new URLSearchParams(query)))
  look()
  return { clock, watch, look }
}

/** A row as a line: depth, what it says. */
function line({ kind, depth, name, state, wait, because, sinceMs, isLonger, below, isOpen }: Row): string {
  const what = kind === 'greenlet' ? name : `${kind} ${name}`.trim()
  const fold = isOpen === false ? ` +${below}` : kind === 'group' || kind === 'rest' ? ` ×${below}` : ''
  const since = sinceMs === null ? '' : ` ${isLonger ? '>' : ''}${sinceMs}`
  return `${'  '.repeat(depth)}${what}${fold}: ${state}${wait === null ? '' : ` ${wait}`}${since}${because === null ? '' : ` (${because})`}`
}

const lines = ({ rows }: ConsoleState): string[] => rows.map(line)

function* nap(): Green<void> {
  yield* sleep(1000)
}

describe('the tree', () => {
  it('has everybody below who has spawned it, with what each waits in, for how long, and why', () => {
    const { clock, look } = setting()
    const queue = new Queue<string>(1)
    const lock = new RLock()
    spawnWith({ name: 'parent' }, function* () {
      spawnWith({ name: 'getter' }, function* () {
        yield* sleep(30)
        yield* queue.get()
      })
      const holder = spawnWith({ name: 'holder' }, function* () {
        yield* lock.acquire()
        yield* sleep(1000)
        lock.release()
      })
      spawnWith({ name: 'other' }, () => lock.acquire())
      yield* holder.join()
    })
    spawnLater(400, nap)
    clock.run(100)
    expect(lines(look())).toEqual([
      'main main: running',
      '  parent: waiting join() of "holder" 100',
      '    getter: waiting queue.get() 70 (the queue is empty)',
      '    holder: waiting sleep(1000) 100',
      '    other: waiting lock.acquire() 100 (held by "holder")',
      '  nap-2: not started startLater(400)',
    ])
    queue.putNowait('end')
    clock.run()
  })

  it('says of a wait that is older than the watching how long it takes at the least', () => {
    const { hub, clock } = virtualHub()
    spawn(nap)
    clock.run(300)
    const watch = new Watch(hub, 500, false)
    open.push(watch)
    const all = readView(new URLSearchParams())
    watch.look(all)
    clock.run(350)
    expect(lines(watch.look(all))).toEqual(['main main: running', '  nap-1: waiting sleep(1000) >50'])
    clock.run()
  })

  it('names those who could end a wait by the numbers of their rows', () => {
    const { clock, look } = setting()
    const holder = spawnWith({ name: 'holder' }, nap)
    spawnWith({ name: 'joiner' }, () => joinall([holder]))
    clock.run(10)
    const { rows } = look()
    expect(rows[2]!.waitsFor).toEqual([{ id: rows[1]!.id, name: 'holder' }])
    clock.run()
  })

  it('has ready ones, and one that has switched to somebody else', () => {
    const { clock, look } = setting()
    const other = new RawGreenlet(function* other() {
      yield* sleep(10)
    })
    const switcher = spawnWith({ name: 'switcher' }, function* () {
      yield* other.switch()
    })
    clock.run(5)
    spawnWith({ name: 'fresh' }, nap)
    const seen = lines(look())
    expect(seen).toContain('  fresh: ready start()')
    expect(seen).toContain('  switcher: switched')
    switcher.kill()
    clock.run()
  })

  it('keeps a spawner that has ended while what it has spawned lives', () => {
    const { clock, look } = setting()
    const parent = spawnWith({ name: 'parent' }, function* () {
      spawnWith({ name: 'child' }, nap)
      return 42
    })
    clock.run(10)
    expect(lines(look())).toEqual([
      'main main: running',
      '  finished parent: finished (returned 42)',
      '    child: waiting sleep(1000) 10',
    ])
    expect(parent.value).toBe(42)
    clock.run()
  })

  it('has the place of each wait and spawn when locations are on', () => {
    onTestFinished(() => void setLocations(false))
    setLocations(true)
    const { clock, look } = setting()
    spawn(function* placed() {
      yield* sleep(5)
    })
    clock.run(1)
    expect(look().rows[1]).toMatchObject({
      place: { file: 'test/trace/console/watch.test.ts', line: expect.any(Number) },
      spawnedAt: { file: 'test/trace/console/watch.test.ts', line: expect.any(Number) },
    })
    clock.run()
  })

  it('gives a number to nobody twice', () => {
    const { clock, look } = setting()
    spawn(nap)
    const first = look().rows[1]!.id
    clock.run()
    spawn(nap)
    expect(look().rows[1]!.id).toBeGreaterThan(first)
    clock.run()
  })
})

describe('many greenlets', () => {
  it('of one body and one spawner share a row, which can be opened', () => {
    const { clock, look } = setting()
    for (let n = 0; n < 25; n++) spawn(nap)
    spawnWith({ name: 'single' }, nap)
    clock.run(10)
    const folded = look()
    expect(lines(folded)).toEqual([
      'main main: running',
      '  group nap +25: waiting sleep(1000) 10',
      '  single: waiting sleep(1000) 10',
    ])
    expect(folded.leftOut).toBe(25)
    const group = folded.rows[1]!
    expect(group.states).toEqual({ waiting: 25 })
    const opened = look(`open=${group.id}`)
    expect(opened.rows).toHaveLength(28)
    expect(lines(opened)[2]).toBe('    nap-1: waiting sleep(1000) 10')
    expect([opened.leftOut, opened.rows[1]!.id]).toEqual([0, group.id])
    clock.run()
  })

  it('are said to wait in the call of most of them, without its arguments when these differ', () => {
    const { clock, look } = setting()
    const queue = new Queue<number>()
    for (let n = 0; n < 30; n++)
      spawn(function* worker() {
        if (n < 10) yield* queue.get()
        else yield* sleep(1000 + n)
      })
    clock.run(10)
    expect(lines(look())).toEqual(['main main: running', '  group worker +30: waiting sleep(…) 10'])
    for (let n = 0; n < 10; n++) queue.putNowait(n)
    clock.run()
  })

  it('have rows of their own up to 24', () => {
    const { clock, look } = setting()
    for (let n = 0; n < 24; n++) spawn(nap)
    clock.run(10)
    expect(look().rows).toHaveLength(25)
    clock.run()
  })

  it('are shown by the hundred, and more when that is asked for; the rest is counted', () => {
    const { clock, look } = setting()
    for (let n = 0; n < 2000; n++) spawn(nap)
    clock.run(10)
    const group = look().rows[1]!
    const opened = look(`open=${group.id}`)
    expect([opened.rows.length, opened.leftOut, line(opened.rows.at(-1)!)]).toEqual([
      103,
      1900,
      '    rest ×1900: waiting sleep(1000) 10',
    ])
    const more = look(`open=${group.id}&more=${group.id}:300`)
    expect([more.rows.length, more.leftOut]).toEqual([303, 1700])
    expect(readView(new URLSearchParams('more=7:1000000')).more).toEqual(new Map([[7, 5000]]))
    expect([opened.living, opened.states]).toEqual([2000, { waiting: 2000 }])
    clock.run()
  })

  it('may stand thousands deep', () => {
    const { clock, look } = setting()
    function* link(depth: number): Green<void> {
      if (depth < 6000) spawn(link, depth + 1)
      yield* sleep(1000)
    }
    spawn(link, 1)
    clock.run(10)
    const { rows, leftOut } = look('more=1:5000')
    expect([rows.length + leftOut >= 6000, rows.length > 5000, rows[5000]?.depth]).toEqual([true, true, 5000])
    clock.run()
  })

  it('of one spawner leave room for those of others', () => {
    const { clock, look } = setting()
    for (let n = 0; n < 90; n++) {
      spawnWith({ name: `parent ${'abcdefghij'[n % 10]}${n}x` }, function* () {
        for (let k = 0; k < 20; k++) spawn(nap)
        yield* sleep(1000)
      })
    }
    clock.run(10)
    const { rows, leftOut, living } = look()
    expect(living).toBe(90 * 21)
    expect(rows.length).toBeLessThan(600)
    expect(rows.filter(({ depth }) => depth === 1)).toHaveLength(90)
    const own = rows.filter(({ kind }) => kind === 'greenlet').length
    expect(leftOut).toBe(90 * 21 - own)
    // What has no room is counted where it would stand.
    const counted = rows.filter(({ kind }) => kind === 'rest').reduce((sum, { below }) => sum + below, 0)
    expect(counted).toBe(leftOut)
    clock.run()
  })

  it('each below the one before are no deeper than there is room for', () => {
    const { clock, look } = setting()
    function* link(left: number): Green<void> {
      if (left > 0) spawn(link, left - 1)
      yield* sleep(1000)
    }
    spawn(link, 2999)
    clock.run(10)
    const { rows, leftOut, living } = look()
    expect([living, rows[1]!.below, rows.length + leftOut]).toEqual([3000, 2999, 3002])
    expect(rows.length).toBeLessThan(500)
    clock.run()
  })
})

describe('what a page asks for', () => {
  it('closes a row, and says how many are below', () => {
    const { clock, look } = setting()
    spawnWith({ name: 'parent' }, function* () {
      spawn(nap)
      yield* sleep(1000)
    })
    clock.run(10)
    const { id } = look().rows[1]!
    const closed = look(`closed=${id}`)
    expect(lines(closed)).toEqual(['main main: running', '  parent +1: waiting sleep(1000) 10'])
    expect(closed.leftOut).toBe(1)
    clock.run()
  })

  it('filters by name, call and state, in any case, and shows the way to what is found', () => {
    const { clock, look } = setting()
    const queue = new Queue<number>()
    spawnWith({ name: 'Parent' }, function* () {
      spawnWith({ name: 'Needle' }, () => queue.get())
      for (let n = 0; n < 30; n++) spawn(nap)
      yield* sleep(1000)
    })
    spawnWith({ name: 'other' }, nap)
    clock.run(10)
    for (const filter of ['needle', 'QUEUE', 'eedl']) {
      const { rows, found, leftOut } = look(`filter=${filter}`)
      expect([rows.map(({ name, isFound }) => [name, isFound]), found, leftOut]).toEqual([
        [
          ['main', false],
          ['Parent', false],
          ['Needle', true],
        ],
        1,
        0,
      ])
    }
    expect(look('filter=nap').found).toBe(30)
    expect(look('filter=waiting').found).toBe(33)
    expect(look('filter=nobody')).toMatchObject({ found: 0, rows: [{ name: 'main' }] })
    expect(look().found).toBe(null)
    queue.put(1).then(undefined)
    clock.run()
  })

  it('has one told of in any case, with its spawner, until it has ended', () => {
    const { clock, look } = setting()
    for (let n = 0; n < 30; n++) spawn(nap)
    clock.run(10)
    const group = look().rows[1]!
    const { id } = look(`open=${group.id}`).rows[5]!
    expect(look(`chosen=${id}`).chosen).toMatchObject({
      id,
      name: 'nap-4',
      wait: 'sleep(1000)',
      sinceMs: 10,
      spawner: { id: 0, name: 'main' },
    })
    expect(look(`chosen=${group.id}`).chosen).toMatchObject({ kind: 'group', name: 'nap' })
    expect(look('chosen=0').chosen).toMatchObject({ kind: 'main', spawner: null })
    clock.run()
    expect(look(`chosen=${id}`).chosen).toBe(null)
  })

  it('is ignored when it makes no sense', () => {
    const { look } = setting()
    const query = 'closed=x,,1.5&open=-&more=1,2:,3:x,4:5&chosen=no'
    expect(lines(look(query))).toEqual(['main main: running'])
    expect(readView(new URLSearchParams(query))).toMatchObject({ chosen: null, more: new Map() })
  })
})

describe('the numbers', () => {
  it('are totals since the watching began, so that two looks give rates', () => {
    const { clock, look } = setting()
    const before = look()
    spawn(function* () {
      for (let n = 0; n < 10; n++) yield* sleep(100)
    })
    spawn(function* () {
      yield* sleep(1)
      throw new Error('lost')
    }).rawlink(() => undefined)
    const failing = spawn(() => {
      throw new Error('read')
    })
    failing.get().then(undefined, () => undefined)
    clock.run(500)
    const after = look()
    expect(after.atMs - before.atMs).toBe(500)
    expect(after.totals.spawned - before.totals.spawned).toBe(3)
    expect(after.totals.ended).toBe(2)
    expect(after.totals.failed).toBe(2)
    expect(after.totals.wakes).toBe(7) // six sleeps, and main's get()
    expect(after.totals.switches).toBeGreaterThan(6)
    expect(after.watch).toBe(before.watch)
    clock.run()
  })

  it('tell of the ten that wait longest, the longest first, and of those that are older than the watching before all', () => {
    const { hub, clock } = virtualHub()
    spawnWith({ name: 'old' }, nap)
    clock.run(1)
    const watch = new Watch(hub, 500, false)
    open.push(watch)
    const all = readView(new URLSearchParams())
    watch.look(all)
    for (let n = 0; n < 20; n++) {
      spawnWith({ name: `w${n}` }, nap)
      clock.run(clock.time + 5)
    }
    const { slowest, waits } = watch.look(all)
    expect(slowest.map(({ name, sinceMs, isLonger }) => `${name} ${isLonger ? '>' : ''}${sinceMs}`)).toEqual([
      'old >100',
      'w0 100',
      'w1 95',
      'w2 90',
      'w3 85',
      'w4 80',
      'w5 75',
      'w6 70',
      'w7 65',
      'w8 60',
    ])
    expect(waits).toEqual([{ call: 'sleep', count: 21 }])
    clock.run()
  })

  it('tell in which calls they wait, the most frequent first', () => {
    const { clock, look } = setting()
    const queue = new Queue<number>()
    for (let n = 0; n < 3; n++) spawn(() => queue.get())
    const sleeper = spawn(nap)
    spawn(() => sleeper.join())
    spawn(nap)
    clock.run(10)
    expect(look().waits).toEqual([
      { call: 'queue.get', count: 3 },
      { call: 'sleep', count: 2 },
      { call: 'join', count: 1 },
    ])
    for (let n = 0; n < 3; n++) queue.putNowait(n)
    clock.run()
  })

  it('tell of the process', () => {
    const { look } = setting()
    expect(look()).toMatchObject({
      pid: process.pid,
      node: process.version,
      mayKill: true,
      vitals: { heapUsed: expect.any(Number), heapTotal: expect.any(Number), rss: expect.any(Number) },
    })
  })

  it('are JSON of a bounded size', () => {
    const { clock, look } = setting()
    for (let n = 0; n < 2000; n++) spawnWith({ name: `${'x'.repeat(5000)}${'abc'[n % 3]!.repeat(n % 700)}` }, nap)
    clock.run(10)
    expect(JSON.stringify(look()).length).toBeLessThan(400_000)
    clock.run()
  })
})

describe('watching', () => {
  it('ends some time after the last look', async () => {
    const { hub } = virtualHub()
    const watch = new Watch(hub, 500, false, 20)
    open.push(watch)
    watch.look(readView(new URLSearchParams()))
    expect([watch.isOn, hub.observer === null]).toEqual([true, false])
    await vi.waitFor(() => expect(watch.isOn).toBe(false))
    expect(hub.observer).toBe(null)
  })

  it('begins anew after it was stopped, with totals from 0 and another number', () => {
    const { clock, watch, look } = setting()
    spawn(nap)
    clock.run(10)
    const before = look()
    watch.stop()
    expect(watch.isOn).toBe(false)
    const after = look()
    expect([before.totals.spawned, after.totals.spawned, after.watch - before.watch]).toEqual([1, 0, 1])
    expect(lines(after)[1]).toBe('  nap-1: waiting sleep(1000) >0')
    clock.run()
  })
})
