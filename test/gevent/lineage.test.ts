// Who has spawned whom: spawners, tree locals, small numbers, spawn callbacks; and what spawnRaw() makes.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  BlockingSwitchOutError,
  type Green,
  Greenlet,
  GreenletExit,
  getcurrent,
  RawGreenlet,
  run,
  type SpawnedGreenlet,
  setDebug,
  sleep,
  spawn,
  spawnLater,
  spawnRaw,
  spawnWith,
  until,
  withTimeout,
} from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Hub } from '../../src/hub/hub.ts'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, thrown, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Has everything collected that nobody holds. What was made or asked for lives until the end of the task. */
async function collectAll(): Promise<void> {
  new RawGreenlet(() => undefined).switch() // the kernel still knows the last one that was switched to
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  await new Promise((resolve) => setImmediate(resolve))
}

const main = getcurrent()

/** The ways to make a greenlet, all of them known to the tree. */
const makers: [way: string, make: (body: () => unknown) => SpawnedGreenlet][] = [
  ['spawn()', (body) => spawn(body)],
  ['spawnLater()', (body) => spawnLater(0, body)],
  ['spawnWith()', (body) => spawnWith({ name: 'child' }, body)],
  ['spawnRaw()', (body) => spawnRaw(body)],
  [
    'new Greenlet()',
    (body) => {
      const greenlet = new Greenlet(body)
      greenlet.start()
      return greenlet
    },
  ],
]

describe.each(makers)('what %s makes', (_, make) => {
  it('in a greenlet knows its spawner and shares its tree locals, before and after the end', () => {
    const { clock } = virtualHub()
    const children: SpawnedGreenlet[] = []
    const parent = spawn(() => {
      children.push(
        make(() => undefined),
        make(() => undefined),
      )
    })
    parent.spawnTreeLocals['request'] = 7
    clock.run()
    for (const child of children) {
      expect(child.spawningGreenlet()).toBe(parent)
      expect(child.spawnTreeLocals).toBe(parent.spawnTreeLocals)
    }
    expect(children.map(({ dead, spawnTreeLocals: locals }) => [dead, locals['request']])).toEqual([
      [true, 7],
      [true, 7],
    ])
  })

  it('in plain code has main as its spawner, and tree locals of its own', () => {
    const { clock } = virtualHub()
    const [a, b] = [make(() => undefined), make(() => undefined)]
    expect([a.spawningGreenlet(), b.spawningGreenlet()]).toEqual([main, main])
    expect(a.spawnTreeLocals).not.toBe(b.spawnTreeLocals)
    expect(a.spawnTreeLocals).toBe(a.spawnTreeLocals)
    expect('spawnTreeLocals' in main).toBe(false)
    clock.run()
  })

  it('knows its arguments and its hub', () => {
    const { clock, hub } = virtualHub()
    const greenlet = make(() => undefined)
    expect([greenlet.args, greenlet.hub]).toEqual([[], hub])
    clock.run()
  })
})

describe('spawnTreeLocals', () => {
  it('is one for all generations below a greenlet that plain code has made, in whatever order they ask', () => {
    const { clock } = virtualHub()
    const all: SpawnedGreenlet[] = []
    function generation(depth: number): void {
      all.push(getcurrent() as SpawnedGreenlet)
      if (depth > 0) for (let n = 0; n < 2; n++) (n === 0 ? spawn : spawnRaw)(generation, depth - 1)
    }
    spawn(generation, 3)
    clock.run()
    expect(all).toHaveLength(15)
    expect(new Set(all.map(({ spawnTreeLocals: locals }) => locals)).size).toBe(1)
    expect(all.slice(1).map((one) => all.indexOf(one.spawningGreenlet() as SpawnedGreenlet))).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6,
    ])
  })

  it('is shared by what a raw greenlet makes that nobody has spawned', () => {
    const { clock } = virtualHub()
    const children: Greenlet[] = []
    const raw = new RawGreenlet(() => {
      children.push(
        spawn(() => undefined),
        spawn(() => undefined),
      )
    })
    raw.switch()
    clock.run()
    const [a, b] = children
    expect([a!.spawningGreenlet(), b!.spawningGreenlet()]).toEqual([raw, raw])
    expect(a!.spawnTreeLocals).toBe(b!.spawnTreeLocals)
  })

  it('is that of the main greenlet below run()', async () => {
    const seen = await run(function* () {
      const me = getcurrent() as Greenlet
      me.spawnTreeLocals['user'] = 'ann'
      return yield* spawn(() => (getcurrent() as Greenlet).spawnTreeLocals['user']).get()
    })
    expect(seen).toBe('ann')
  })
})

describe('spawningGreenlet()', () => {
  it('of what is made in an operation that plain code awaits has the name main', async () => {
    const name = await withTimeout(100, function* () {
      const child = spawn(() => undefined)
      yield* child.join()
      return child.spawningGreenlet()?.name
    })
    expect(name).toBe('main')
  })

  it('is null when the spawner was collected; a line of generations is, behind the last one', async () => {
    const generations: WeakRef<Greenlet>[] = []
    let last: Greenlet | null = null
    function generation(left: number): void {
      const me = getcurrent() as Greenlet
      generations.push(new WeakRef(me))
      if (left > 0) spawn(generation, left - 1)
      else last = me
    }
    spawn(generation, 20)
    await sleep(5)
    await collectAll()
    expect(generations).toHaveLength(21)
    expect(generations.filter((one) => one.deref() !== undefined)).toHaveLength(1)
    expect([last!.dead, last!.spawningGreenlet()]).toEqual([true, null])
  })
})

describe('spawningStack', () => {
  it('is where the greenlet was made, in debug mode', () => {
    virtualHub()
    onTestFinished(() => void setDebug(false))
    setDebug(true)
    function makesOne(): Greenlet<void> {
      return new Greenlet(sleep, 1)
    }
    const { spawningStack: frame } = makesOne()
    expect(frame).toMatchObject({ name: 'makesOne', file: expect.stringContaining('lineage.test.ts') })
    expect(frame!.back).toMatchObject({ file: expect.stringContaining('lineage.test.ts') })
  })

  it('is null without', () => {
    expect(new Greenlet(sleep, 1).spawningStack).toBe(null)
  })
})

describe('minimalIdent', () => {
  it('is a small number, counted by those who are asked, and stays', () => {
    const { clock } = virtualHub()
    const all = [1, 2, 3, 4].map(() => spawn(() => undefined))
    const raw = spawnRaw(() => undefined)
    expect([all[2]!, all[0]!, raw].map((one) => one.minimalIdent)).toEqual([0, 1, 2])
    clock.run()
    expect(all.map((one) => one.minimalIdent)).toEqual([1, 3, 0, 4])
  })

  it('is counted on each hub by itself', () => {
    virtualHub()
    const first = new Greenlet(sleep, 1)
    expect(first.minimalIdent).toBe(0)
    const second = new Greenlet(sleep, 1)
    second.$host = new Hub()
    expect(second.minimalIdent).toBe(0)
  })

  it('of those that were collected goes to the next, the smallest first', async () => {
    virtualHub()
    const kept = Array.from({ length: 6 }, () => new Greenlet(sleep, 1))
    expect(kept.map((one) => one.minimalIdent)).toEqual([0, 1, 2, 3, 4, 5])
    kept.splice(2, 3) // 2, 3, 4
    await collectAll()
    await collectAll()
    const next = Array.from({ length: 4 }, () => new Greenlet(sleep, 1))
    expect(next.map((one) => one.minimalIdent)).toEqual([2, 3, 4, 6])
    expect(kept.map((one) => one.minimalIdent)).toEqual([0, 1, 5])
  })
})

describe('addSpawnCallback()', () => {
  /** Adds it for the running test. */
  function add(callback: (greenlet: Greenlet) => unknown): void {
    Greenlet.addSpawnCallback(callback)
    onTestFinished(() => {
      Greenlet.removeSpawnCallback(callback)
    })
  }

  it('calls back with each greenlet that is started, before it is, and until it is removed', () => {
    const { clock } = virtualHub()
    const seen: unknown[] = []
    const callback = (greenlet: Greenlet): void => {
      seen.push(greenlet, greenlet.started)
    }
    add(callback)
    add(callback) // once is enough
    const made = [spawn(sleep, 1), spawnLater(1, sleep, 1), spawnWith({}, sleep, 1), new Greenlet(sleep, 1)]
    made[3]!.start()
    made[3]!.start() // it is started already
    spawnRaw(sleep, 1) // nobody is told of these
    expect(seen).toEqual(made.flatMap((greenlet) => [greenlet, false]))
    Greenlet.removeSpawnCallback(callback)
    Greenlet.removeSpawnCallback(callback)
    spawn(sleep, 1)
    expect(seen).toHaveLength(8)
    clock.run()
  })

  it('calls several, each', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    for (const name of ['a', 'b']) add(() => rec(name))
    spawn(sleep, 1)
    rec.expect(['a', 'b'])
    clock.run()
  })

  it('that throws makes the call throw, and the greenlet is not started', () => {
    const { clock, hub } = virtualHub()
    const error = new Error('from the callback')
    add(() => {
      throw error
    })
    const greenlet = new Greenlet(sleep, 1)
    expect(thrown(() => greenlet.start())).toBe(error)
    expect(thrown(() => greenlet.startLater(1))).toBe(error)
    expect([greenlet.started, hub.living()]).toEqual([false, []])
    clock.run()
  })

  it('that kills the greenlet keeps it from being started', () => {
    const { clock, hub } = virtualHub()
    const rec = recorder()
    add((greenlet) => greenlet.kill())
    const greenlet = spawn(() => {
      rec('ran')
    })
    expect([greenlet.value, hub.living()]).toEqual([expect.any(GreenletExit), []])
    clock.run()
    rec.expect([])
  })

  it('that would wait is refused', () => {
    virtualHub()
    add(function* () {
      yield* sleep(1)
    })
    const error = thrown(() => spawn(sleep, 1))
    expect(error).toBeInstanceOf(BlockingSwitchOutError)
    expect(messageOf(error)).toContain('A callback of addSpawnCallback() would wait')
  })

  it('refuses what is no function', () => {
    expect(usage(() => Greenlet.addSpawnCallback(5 as never))).toBe(
      'addSpawnCallback() expects a function, but got 5 (number).',
    )
  })
})

describe('spawnRaw()', () => {
  it('calls the body with its arguments, in its turn, and the greenlet is a raw one that ends', () => {
    const { clock, hub } = virtualHub()
    const rec = recorder()
    const raw = spawnRaw(
      function* (a: number, b: string) {
        rec(`${a} ${b} ${getcurrent() === raw}`)
        yield* sleep(1)
        rec('again')
        return 5
      },
      1,
      'x',
    )
    spawn(() => {
      rec('other')
    })
    expect([raw.args, raw.dead, raw.active, hub.living().length]).toEqual([[1, 'x'], false, false, 2])
    expect([raw instanceof RawGreenlet, raw instanceof Greenlet, 'get' in raw, 'link' in raw]).toEqual([
      true,
      false,
      false,
      false,
    ])
    clock.run()
    rec.expect(['1 x true', 'other', 'again'])
    expect([raw.args, raw.dead, raw.active, hub.living().length]).toEqual([[], true, false, 0])
  })

  it('drives what the body returns: a generator, an operation', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    spawnRaw(() =>
      (function* (): Green<void> {
        yield* sleep(1)
        rec('generator')
      })(),
    )
    const operation = spawnRaw(sleep, 5)
    clock.run(4)
    expect(operation.dead).toBe(false)
    clock.run()
    expect(operation.dead).toBe(true)
    rec.expect(['generator'])
  })

  it('waits for the promise that the body returns', async () => {
    let settle: () => void = () => undefined
    const promise = new Promise<void>((resolve) => {
      settle = resolve
    })
    const raw = spawnRaw(() => promise)
    await sleep(0)
    expect(raw.dead).toBe(false)
    settle()
    await sleep(1)
    expect(raw.dead).toBe(true)
  })

  it.each<[string, () => unknown]>([
    [
      'at once',
      () => {
        throw error
      },
    ],
    [
      'after a wait',
      function* () {
        yield* sleep(0)
        throw error
      },
    ],
    ['by a promise', () => until(Promise.reject(error))],
  ])('of a body that fails %s is reported by its name, and thrown nowhere', async (_, body) => {
    const reports = catchReports()
    const raw = spawnRaw(body)
    raw.name = 'careless'
    await sleep(1)
    await sleep(1)
    expect(reports).toEqual([{ name: 'careless', error }])
    expect(raw.dead).toBe(true)
  })
  const error = new Error('mine')

  it('has the name of its body, until it is given another', () => {
    const { clock } = virtualHub()
    const raw = spawnRaw(function* work() {
      yield* sleep(0)
    })
    expect([raw.name, String(raw)]).toEqual(['work', '<SpawnedGreenlet "work" pending started>'])
    raw.name = 'mine'
    expect(raw.name).toBe('mine')
    clock.run()
    expect(String(raw)).toBe('<SpawnedGreenlet "mine" dead>')
  })

  it('does not take what a call of main waits for', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const waiting = new RawGreenlet(function* () {
      yield* sleep(3)
      return 'its own'
    })
    const call = waiting.switch()
    spawnRaw(() => 'dropped')
    spawnRaw(() => {
      throw error
    })
    clock.run(1)
    expect([call.done, reports.length]).toEqual([false, 1])
    clock.run()
    expect(call.value).toBe('its own')
  })

  it('can be switched to by main, which then gets what comes back', () => {
    const { clock, hub } = virtualHub()
    const reports = catchReports()
    expect(spawnRaw(() => 5).switch().value).toBe(5)
    const failing = spawnRaw(() => {
      throw error
    })
    expect(thrown(() => failing.switch())).toBe(error)
    clock.run()
    expect([hub.living(), reports]).toEqual([[], []])
  })

  it('with a parent of its own ends into that', () => {
    const { clock, hub } = virtualHub()
    const seen: unknown[] = []
    const heir = new RawGreenlet((value: unknown) => seen.push(value))
    const raw = spawnRaw(() => 'for the parent')
    raw.parent = heir
    clock.run()
    expect([seen, hub.living()]).toEqual([['for the parent'], []])
  })

  it('is freed of its outcome: nobody can ask for it', async () => {
    const made: WeakRef<object>[] = []
    const raw = spawnRaw(() => {
      const value = { big: true }
      made.push(new WeakRef(value))
      return value
    })
    await sleep(0)
    await collectAll()
    expect(raw.dead).toBe(true)
    expect(made[0]!.deref()).toBe(undefined)
  })

  it.each([
    ['undefined', undefined],
    ['1 (number)', 1],
    ['null', null],
  ])('refuses %s at once', (shown, value) => {
    expect(usage(() => spawnRaw(value as never))).toBe(`spawnRaw() expects a function, but got ${shown}.`)
  })
})

it('what plain code makes carries nothing of it', () => {
  expect(new Greenlet(sleep, 1).$family).toBe(null)
})
