// waitAllBlocked: the moment in which everybody else waits.
import { getHub, joinall, Queue, run, sleep, spawn } from 'greenloop'
import { explore, recorder, virtual, waitAllBlocked } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'

checkLeaks()

describe('waitAllBlocked()', () => {
  it('comes back when nobody else can run, before the clock goes on', async () => {
    const rec = recorder()
    await virtual(function* (t) {
      const worker = spawn(function* () {
        for (let n = 0; n < 3; n++) {
          rec(`works ${n}`)
          yield* sleep(0)
        }
        yield* sleep(5)
        rec(`rested at ${t.now()}`)
      })
      yield* waitAllBlocked()
      rec(`all wait at ${t.now()}`)
      yield* worker.join()
    })
    rec.expect(['works 0', 'works 1', 'works 2', 'all wait at 0', 'rested at 5'])
  })

  it('comes back at once when there is nobody else', async () => {
    await expect(run(() => waitAllBlocked())).resolves.toBe(undefined)
    await waitAllBlocked()
  })

  it('lets several go on one after the other', async () => {
    const rec = recorder()
    await virtual(function* () {
      yield* joinall(
        ['a', 'b'].map((name) =>
          spawn(function* () {
            yield* waitAllBlocked()
            rec(`${name}1`)
            yield* sleep(0)
            rec(`${name}2`)
          }),
        ),
      )
    })
    rec.expect(['a1', 'a2', 'b1', 'b2'])
  })

  it('finds everybody waiting in each schedule', async () => {
    const { complete, schedules } = await explore(function* (t) {
      const queue = new Queue<number>()
      const before = t.shared({ waiting: 0 })
      const consumers = [1, 2].map(() =>
        spawn(function* () {
          yield* sleep(0)
          before.waiting++
          return yield* queue.get()
        }),
      )
      yield* waitAllBlocked()
      expect(before.waiting).toBe(2)
      queue.putNowait(1)
      queue.putNowait(2)
      yield* joinall(consumers)
    })
    expect(complete).toBe(true)
    expect(schedules).toBeGreaterThan(5)
  })

  it('leaves nothing when it is given up', async () => {
    const rec = recorder()
    await virtual(function* () {
      const spinner = spawn(function* () {
        for (;;) yield* sleep(0)
      })
      const waiter = spawn(() => waitAllBlocked())
      yield* sleep(0)
      yield* waiter.kill()
      rec(`killed ${waiter.successful()}`)
      yield* spinner.kill()
    })
    rec.expect(['killed true'])
    expect(getHub().idle).toBe(true)
  })

  it('has its own name in messages', async () => {
    const { trace } = await virtual(function* () {
      yield* waitAllBlocked()
    })
    expect(trace.steps[0]?.call).toBe('waitAllBlocked()')
  })
})
