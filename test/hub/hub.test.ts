// The hub: who is ready runs, in slices, and nobody else on Node's loop starves.
import {
  type Green,
  type Greenlet,
  getcurrent,
  getHub,
  joinall,
  LoopExit,
  RawGreenlet,
  sleep,
  spawn,
  spawnWith,
  until,
  Waiter,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import type { HubObserver } from '../../src/hub/report.ts'
import { choosing } from '../support/choosing.ts'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { rejection } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

const main = getcurrent()

function* spin(rounds: number, each: () => void = () => undefined): Green<void> {
  for (let n = 0; n < rounds; n++) {
    each()
    yield* sleep(0)
  }
}

describe('the ready list', () => {
  it('is first come, first served', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    for (const name of ['a', 'b', 'c'])
      spawn(function* () {
        for (let n = 1; n <= 2; n++) {
          rec(`${name}${n}`)
          yield* sleep(0)
        }
      })
    clock.run()
    rec.expect(['a1', 'b1', 'c1', 'a2', 'b2', 'c2'])
  })

  it('gives each of those that spin the same number of turns', () => {
    const { clock } = virtualHub()
    const turns = [0, 0, 0, 0, 0, 0, 0]
    let over = false
    for (const n of turns.keys())
      spawn(function* () {
        while (!over) {
          turns[n] = (turns[n] ?? 0) + 1
          over = turns[n] === 1000
          yield* sleep(0)
        }
      })
    clock.run()
    expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(1)
  })

  it('takes one that is woken at the end, behind those that are ready', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const waiter = new Waiter<void>()
    spawn(function* () {
      yield* waiter.get()
      rec('woken')
    })
    spawn(function* () {
      yield* sleep(0)
      rec('ready before')
    })
    spawn(() => {
      waiter.switch()
      rec('waker')
    })
    clock.run()
    rec.expect(['waker', 'ready before', 'woken'])
  })

  it('does not resume twice one that was spawned and then entered by hand', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const greenlet = spawn(function* () {
      rec('started')
      yield* main.switch()
      rec('not resumed by the hub')
    })
    greenlet.switch()
    clock.run()
    rec.expect(['started'])
    greenlet.throw()
  })

  it('wakes one that was spawned, entered by hand, and then waits', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const hand: Greenlet = spawn(function* () {
      yield* greenlet.switch()
    })
    const greenlet = spawn(function* () {
      rec('by hand')
      yield* sleep(5)
      rec('by the hub')
    })
    clock.run()
    rec.expect(['by hand', 'by the hub'])
    hand.kill()
    clock.run()
  })
})

describe('the process', () => {
  it.each(['switch', 'throw'])('ends when a %s of plain code has ended its only sleeper', async (how) => {
    expect(await runProgram('switch-out-of-sleep.ts', { args: [how] })).toEqual({
      stdout: 'out\n',
      stderr: '',
      code: 0,
    })
  })
})

describe('a slice', () => {
  it('that begins from idleness comes in a microtask, before timers and I/O', async () => {
    const rec = recorder()
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        rec('immediate')
        resolve()
      })
      spawn(() => {
        rec('greenlet')
      })
      queueMicrotask(() => {
        rec('later microtask')
      })
      rec('code')
    })
    rec.expect(['code', 'greenlet', 'later microtask', 'immediate'])
  })

  it('makes at least 250 resumptions when few are ready, then lets I/O have its turn', () => {
    const { clock } = virtualHub()
    let resumed = 0
    const slices: number[] = []
    clock.onRound = () => {
      slices.push(resumed)
      resumed = 0
    }
    for (let n = 0; n < 10; n++) spawn(spin, 200, () => resumed++)
    clock.run()
    expect(slices.slice(0, 5)).toEqual([250, 250, 250, 250, 250])
  })

  it('ends after one round when many are ready', () => {
    const { clock } = virtualHub()
    let resumed = 0
    const slices: number[] = []
    clock.onRound = () => {
      slices.push(resumed)
      resumed = 0
    }
    for (let n = 0; n < 300; n++) spawn(spin, 5, () => resumed++)
    clock.run()
    expect(slices.slice(0, 4)).toEqual([300, 300, 300, 300])
  })

  it('ends after about a millisecond, however many are ready', () => {
    const { clock } = virtualHub()
    const times: number[] = []
    let began = 0
    clock.onRound = () => {
      times.push(clock.time - began)
      began = clock.time
    }
    for (let n = 0; n < 400; n++)
      spawn(spin, 2, () => {
        clock.time += 0.1
      })
    clock.run()
    expect(times.length).toBeGreaterThan(20)
    expect(Math.max(...times)).toBeLessThan(4)
    const settled = times.slice(5, 20)
    expect(settled.reduce((sum, time) => sum + time, 0) / settled.length).toBeLessThan(1.6)
  })

  it('is not run twice for one look at I/O, although timers expire meanwhile', () => {
    const { clock } = virtualHub()
    let queued = 0
    clock.onRound = (callbacks) => {
      queued = Math.max(queued, callbacks)
      clock.time += 1 // each look at I/O takes its time, and timers become due
    }
    for (let n = 0; n < 100; n++) spawn(spin, 50)
    spawn(function* () {
      for (let n = 0; n < 20; n++) yield* sleep(1)
    })
    clock.run()
    expect(queued).toBe(1)
  })

  it('each 64th that begins from idleness waits for I/O', () => {
    const { clock } = virtualHub()
    const waiter = new Waiter<void>()
    const greenlet = spawn(function* () {
      for (;;) {
        yield* waiter.get()
        waiter.clear()
      }
    })
    clock.run()
    let looks = 0
    clock.onRound = () => looks++
    for (let n = 0; n < 640; n++) {
      waiter.switch()
      clock.run()
    }
    expect(looks).toBe(10)
    greenlet.kill()
    clock.run()
  })

  it('for settled promises again and again starves neither timers nor I/O', async () => {
    let rounds = 0
    let immediates = 0
    let rang = false
    setTimeout(() => {
      rang = true
    }, 15)
    const count = (): void => {
      immediates++
      if (!rang || immediates < 2) setImmediate(count)
    }
    setImmediate(count)
    await spawn(function* () {
      // Until both have come, and through more slices than begin in a microtask; if they were starved they would never come.
      while (!(rang && immediates > 1 && rounds > 64) && rounds < 1_000_000) {
        yield* until(Promise.resolve())
        rounds++
      }
    }).get()
    expect(rang).toBe(true)
    expect(immediates).toBeGreaterThan(1)
    expect(rounds).toBeGreaterThan(64)
  })

  it('is not begun by a greenlet that wakes another: a waker runs nobody', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const waiter = new Waiter<void>()
    spawn(function* () {
      yield* waiter.get()
      rec('woken')
    })
    clock.run()
    waiter.switch()
    rec('switch() is over')
    clock.run()
    rec.expect(['switch() is over', 'woken'])
  })
})

describe('a raw greenlet in the hub', () => {
  it('waits like any other', async () => {
    const greenlet = new RawGreenlet(function* () {
      yield* sleep(1)
      return yield* until(Promise.resolve('value'))
    })
    expect(await greenlet.switch()).toBe('value')
  })

  it('that dies of an error with nobody waiting is reported by its name', async () => {
    const reports = catchReports()
    const error = new Error('raw')
    const greenlet = new RawGreenlet(function* raw() {
      yield* sleep(0)
      throw error
    })
    spawn(function* () {
      yield* greenlet.switch()
    })
    await sleep(1)
    expect(reports).toEqual([{ name: 'raw', error }])
    for (const task of getHub().living()) task.kill()
    await sleep(0)
  })
})

describe('an observer', () => {
  it('is told of starts, waits, wake-ups, interrupts and ends, in order', () => {
    const { hub, clock } = virtualHub()
    const rec = recorder()
    const observer: HubObserver = {
      spawned: (greenlet) => {
        rec(`${greenlet.name} spawned`)
      },
      blocked: (greenlet, wait) => {
        rec(`${greenlet.name} blocked in ${wait?.describe() ?? 'the ready list'}`)
      },
      woken: (greenlet, waker) => {
        rec(`${greenlet.name} woken by ${waker.name}`)
      },
      interrupted: (greenlet, error) => {
        rec(`${greenlet.name} interrupted by ${error.name}`)
      },
      ended: (greenlet) => {
        rec(`${greenlet.name} ended`)
      },
    }
    hub.observer = observer
    const a = spawnWith({ name: 'a' }, function* () {
      yield* sleep(5)
      yield* sleep(0)
      yield* sleep(1000)
    })
    clock.run(5)
    spawnWith({ name: 'b' }, () => {
      a.kill()
    })
    clock.run(5)
    hub.observer = null
    rec.expect([
      'a spawned',
      'a woken by main',
      'a blocked in sleep(5)',
      'a woken by main',
      'a blocked in the ready list',
      'a woken by a',
      'a blocked in sleep(1000)',
      'b spawned',
      'b woken by main',
      'a interrupted by GreenletExit',
      'a woken by b',
      'b ended',
      'a ended',
    ])
  })

  it('comes with DEBUG=greenloop:hub, and writes on stderr', async () => {
    const { stdout, stderr, code } = await runProgram('one-sleep.ts', {
      env: { DEBUG: 'greenloop:hub', DEBUG_HIDE_DATE: '1' },
    })
    expect([stdout, code]).toEqual(['slept\n', 0])
    const lines = stderr.split('\n').map((line) => line.replace(/^.*greenloop:hub /u, ''))
    expect(lines).toEqual([
      'sleeper is started',
      'sleeper is ready, by main',
      'sleeper waits in sleep(1)',
      'sleeper is ready, by main',
      'sleeper has ended',
      '',
    ])
  })
})

describe('a scheduler', () => {
  it('chooses who runs next, and is told when nobody is ready', () => {
    const { hub, clock } = virtualHub()
    const rec = recorder()
    let idle = 0
    hub.scheduler = choosing(
      (ready) => ready.length - 1,
      () => idle++,
    )
    for (const name of ['a', 'b', 'c'])
      spawn(() => {
        rec(name)
      })
    clock.run()
    rec.expect(['c', 'b', 'a'])
    expect(idle).toBe(1)
  })

  it('is shown exactly those that are ready', () => {
    const { hub, clock } = virtualHub()
    const seen: string[][] = []
    hub.scheduler = choosing((ready) => {
      seen.push(ready.map(({ name }) => name))
      return 0
    })
    spawnWith({ name: 'a' }, sleep, 0)
    spawnWith({ name: 'b' }, () => undefined)
    spawnWith({ name: 'killed' }, () => undefined).kill()
    clock.run()
    expect(seen).toEqual([['a', 'b'], ['b', 'a'], ['a']])
  })

  it('loses nobody who was entered by hand while in the ready list', () => {
    const { hub, clock } = virtualHub()
    hub.scheduler = choosing(() => 0)
    const rec = recorder()
    const hand: Greenlet = spawn(function* () {
      yield* other.switch() // it is marked as cancelled in the ready list, and sleeps
    })
    const other = spawn(function* () {
      rec('entered')
      yield* sleep(5)
      rec('slept')
    })
    spawn(() => {
      rec('another')
    })
    clock.run()
    hand.kill()
    clock.run()
    rec.expect(['entered', 'another', 'slept'])
  })
})

describe('LoopExit', () => {
  it('is not raised when main does not wait', () => {
    const { hub } = virtualHub()
    expect(hub.raiseLoopExit()).toBe(false)
  })

  it('is not raised while somebody is ready', async () => {
    const { hub, clock } = virtualHub()
    const waiter = new Waiter<string>()
    const waiting = waiter.get().then((value) => value)
    spawn(() => {
      waiter.switch('saved')
    })
    expect(hub.raiseLoopExit()).toBe(false)
    clock.run()
    expect(await waiting).toBe('saved')
  })

  it('is raised in every wait of main, and lists who waits in what', async () => {
    const { hub, clock } = virtualHub()
    const waiter = new Waiter<string>()
    const consumer = spawnWith({ name: 'consumer' }, () => waiter.get())
    const boss = spawnWith({ name: 'boss' }, () => consumer.join())
    const odd = spawnWith({ name: 'odd' }, function* () {
      yield* new RawGreenlet(() => new Waiter<void>().get()).switch()
    })
    clock.run()
    const waits = [rejection(boss.get().then()), rejection(joinall([consumer, boss]).then())]
    expect(hub.raiseLoopExit()).toBe(true)
    clock.run()
    for (const error of await Promise.all(waits)) {
      expect(error).toBeInstanceOf(LoopExit)
      expect((error as Error).message).toBe(
        'main waits in get() of "boss" and in joinall() for "consumer", "boss", and nothing is left that could wake it\n' +
          '(0 ready, 0 timers, 0 promises or sockets that were asked). Either those below wait for each other,\n' +
          "or what should wake them was closed or unref'd.\n\n" +
          '  main      get() of "boss"\n' +
          '  main      joinall() for "consumer", "boss"\n' +
          '  consumer  waiter.get()\n' +
          '  boss      join() of "consumer"\n' +
          '  odd       a switch() to somebody else',
      )
    }
    for (const greenlet of [consumer, boss, odd]) greenlet.kill()
    clock.run()
  })

  it('is raised in a switch() of main that is awaited', async () => {
    const { hub, clock } = virtualHub()
    const raw = new RawGreenlet(function* lost() {
      yield* new Waiter<void>().get()
    })
    const call = rejection(raw.switch().then())
    clock.run()
    expect(hub.raiseLoopExit()).toBe(true)
    expect(String(await call)).toBe(
      'LoopExit: main waits in switch() to "lost", and nothing is left that could wake it\n' +
        '(0 ready, 0 timers, 0 promises or sockets that were asked). Either those below wait for each other,\n' +
        "or what should wake them was closed or unref'd.\n\n" +
        '  main  switch() to "lost"\n' +
        '  lost  waiter.get()',
    )
    raw.throw()
  })

  it('leaves the others alone: what main waited for can still be woken', async () => {
    const { hub, clock } = virtualHub()
    const waiter = new Waiter<string>()
    const consumer = spawn(() => waiter.get())
    clock.run()
    const call = rejection(consumer.get().then())
    hub.raiseLoopExit()
    clock.run()
    expect(await call).toBeInstanceOf(LoopExit)
    waiter.switch('late')
    clock.run()
    expect(consumer.value).toBe('late')
  })
})

describe('getHub()', () => {
  it('is the same hub each time', () => {
    expect(getHub()).toBe(getHub())
  })

  it('counts the living, oldest first', () => {
    const { hub, clock } = virtualHub()
    const all = ['a', 'b', 'c'].map((name) => spawnWith({ name }, sleep, name === 'b' ? 1 : 5))
    expect(hub.living()).toEqual(all)
    clock.run(1)
    expect(hub.living().map(({ name }) => name)).toEqual(['a', 'c'])
    clock.run()
    expect(hub.living()).toEqual([])
  })
})

describe('an onError that throws', () => {
  it('does not stop the hub, and both errors are on stderr', async () => {
    const { stderr, stdout, code } = await runProgram('failing-on-error.ts')
    expect(code).toBe(0)
    expect(stdout).toBe('still running\n')
    expect(stderr).toContain('Greenlet "fail-1" failed')
    expect(stderr).toContain('Greenlet "onError" failed')
  })
})
