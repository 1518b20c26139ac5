// nursery: greenlets that cannot outlive the block that spawned them.
import {
  choose,
  Event,
  type Green,
  type Greenlet,
  GreenletExit,
  getcurrent,
  getHub,
  Interrupt,
  isInterrupt,
  LoopExit,
  type Nursery,
  nursery,
  Queue,
  run,
  sleep,
  spawn,
  Timeout,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { caught, play } from '../support/play.ts'
import { type Recorder, recorder } from '../support/recorder.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'

checkLeaks()

/** Works for 100 ms; when it is killed, it takes `cleanupMs` to end. */
function* worker(rec: Recorder, name: string, cleanupMs = 2): Green<void> {
  try {
    yield* sleep(100)
    rec(`${name} returns`)
  } catch (error) {
    rec(`${name} gets ${error instanceof Error ? error.constructor.name : 'no error'}`)
    throw error
  } finally {
    yield* sleep(cleanupMs)
    rec(`${name} ends`)
  }
}

function* failing(ms: number, error: unknown): Green<void> {
  yield* sleep(ms)
  throw error
}

describe('nursery() in which nothing fails', () => {
  it('gives the value of the body when all children have ended', () => {
    const rec = recorder()
    const { value, time } = play(function* () {
      const result = yield* nursery(function* (n) {
        n.spawn(function* child() {
          yield* sleep(5)
          rec('child ends')
        })
        yield* sleep(1)
        rec('body ends')
        return 'value'
      })
      rec('left')
      return result
    })
    expect(value).toBe('value')
    expect(time).toBe(5)
    rec.expect(['body ends', 'child ends', 'left'])
  })

  it('runs the body in the calling greenlet, and children in greenlets like any other', () => {
    const { value } = play(function* () {
      const me = getcurrent()
      return yield* nursery(function* (n) {
        const child = n.spawn(
          function* add(a: number, b: number) {
            yield* sleep(1)
            return [a + b, getcurrent().name]
          },
          1,
          2,
        )
        return [getcurrent() === me, child.name.replace(/\d+/u, 'N'), yield* child.get()]
      })
    })
    expect(value).toEqual([true, 'add-N', [3, expect.stringMatching(/^add-\d+$/u)]])
  })

  it('does not switch when there is nothing to wait for', () => {
    const rec = recorder()
    const { value } = play(function* () {
      spawn(() => rec('another'))
      const result = yield* nursery(() => 1)
      rec('left')
      return result
    })
    expect(value).toBe(1)
    rec.expect(['left', 'another'])
  })

  it('is entered anew each time it is driven', () => {
    const { value } = play(function* () {
      const op = nursery((n) => n.spawn(() => 1).get())
      return [yield* op, yield* op]
    })
    expect(value).toEqual([1, 1])
  })

  it('waits for what children spawn, too, while it is open', () => {
    const rec = recorder()
    play(function* () {
      yield* nursery((n) => {
        n.spawn(function* () {
          yield* sleep(1)
          n.spawn(function* grandchild() {
            yield* sleep(1)
            rec('grandchild ends')
          })
        })
      })
      rec('left')
    })
    rec.expect(['grandchild ends', 'left'])
  })

  it('takes a plain or async body, and such children', async () => {
    const value = await nursery(async (n) => {
      const children = [n.spawn(async () => 1), n.spawn(() => 2), n.spawn(sleep, 1)] as const
      return (await children[0].get()) + (await children[1].get())
    })
    expect(value).toBe(3)
  })

  it('waits for a child that is to start later', () => {
    const rec = recorder()
    const { time } = play(function* () {
      yield* nursery((n) => {
        n.spawnLater(5, (text: string) => rec(text), 'child')
        expect(n.size).toBe(1)
      })
      rec('left')
    })
    expect(time).toBe(5)
    rec.expect(['child', 'left'])
  })

  it('counts its living children', () => {
    const { value } = play(
      () =>
        nursery(function* (n) {
          const child = n.spawn(sleep, 2)
          n.spawn(sleep, 5)
          const sizes = [n.size]
          yield* child.join()
          sizes.push(n.size)
          yield* sleep(10)
          sizes.push(n.size)
          return sizes
        })[Symbol.iterator]() as Green<number[]>,
    )
    expect(value).toEqual([2, 1, 0])
  })

  it('holds nobody who has ended: a body may spawn for ever', () => {
    play(function* () {
      yield* nursery(function* (n) {
        for (let i = 0; i < 100; i++) {
          n.spawn(sleep, 1)
          yield* sleep(1)
          expect(n.size).toBeLessThan(3)
        }
      })
    })
  })
})

describe('nursery() in which a child fails', () => {
  it('kills the other children, interrupts the body, waits for all, and throws that very error', () => {
    const error = new Error('boom')
    const rec = recorder()
    const { value, reports, time } = play(() =>
      caught(function* () {
        try {
          yield* nursery(function* (n) {
            n.spawn(worker, rec, 'a')
            n.spawn(failing, 1, error)
            n.spawn(worker, rec, 'b')
            try {
              yield* sleep(100)
            } finally {
              rec('body ends')
            }
          })
        } finally {
          rec('left')
        }
      }),
    )
    expect(value).toBe(error)
    expect(reports).toEqual([])
    expect(time).toBe(3)
    rec.expect(['a gets GreenletExit', 'b gets GreenletExit', 'body ends', 'a ends', 'b ends', 'left'])
  })

  it('interrupts the body by an Interrupt of its own, which tells of the child and does not leave the nursery', () => {
    const error = new Error('boom')
    const { value } = play(function* () {
      let met: unknown
      const left = yield* caught(function* () {
        yield* nursery(function* (n) {
          n.spawn(failing, 1, error).name = 'sick'
          met = yield* caught(function* () {
            yield* sleep(100)
          })
          throw met
        })
      })
      return [met, left]
    })
    const [met, left] = value
    expect(left).toBe(error)
    expect(met).toBeInstanceOf(Interrupt)
    expect(isInterrupt(met)).toBe(true)
    expect(met).not.toBeInstanceOf(GreenletExit)
    expect(messageOf(met)).toBe('Greenlet "sick" of the nursery failed, and all others are to end.')
    expect((met as Error).cause).toBe(error)
  })

  it('throws the error although the body has swallowed the interrupt', () => {
    const error = new Error('boom')
    const { value, time } = play(() =>
      caught(function* () {
        yield* nursery(function* (n) {
          n.spawn(failing, 1, error)
          yield* caught(function* () {
            yield* sleep(100)
          })
          yield* sleep(5)
          return 'all is well'
        })
      }),
    )
    expect(value).toBe(error)
    expect(time).toBe(6)
  })

  it('does not interrupt whoever comes after the body', () => {
    const error = new Error('boom')
    const queue = new Queue<string>()
    const rec = recorder()
    const { value } = play(function* () {
      const left = yield* caught(function* () {
        yield* nursery(function* (n) {
          n.spawn(() => {
            throw error
          })
          n.spawn(() => queue.put('item'))
          // It is given the item before it is told of the failure, so that the interrupt is put off; and it does not wait again.
          rec(yield* queue.get())
          rec(String(getcurrent().$pending))
        })
      })
      yield* sleep(1)
      return left
    })
    expect(value).toBe(error)
    rec.expect(['item', 'Interrupt: Greenlet "Greenlet-2" of the nursery failed, and all others are to end.'])
  })

  it('throws it also when the body has ended before', () => {
    const error = new Error('boom')
    const rec = recorder()
    const { value } = play(() =>
      caught(function* () {
        yield* nursery((n) => {
          n.spawn(failing, 1, error)
          n.spawn(worker, rec, 'a')
        })
      }),
    )
    expect(value).toBe(error)
    rec.expect(['a gets GreenletExit', 'a ends'])
  })

  it('throws it once although the body has waited for that child by get()', () => {
    const error = new Error('boom')
    const { value, reports } = play(() =>
      caught(function* () {
        yield* nursery(function* (n) {
          const sick = n.spawn(failing, 1, error)
          const nurse = n.spawn(() => sick.get())
          yield* nurse.get()
        })
      }),
    )
    expect(value).toBe(error)
    expect(reports).toEqual([])
  })

  it('throws an AggregateError of all in the order of time when there were several', () => {
    const [first, second, third] = [new Error('first'), new RangeError('second'), new TypeError('third')]
    const { value, reports } = play(() =>
      caught(function* () {
        yield* nursery(function* (n) {
          n.spawn(function* cleaner() {
            try {
              yield* sleep(100)
            } finally {
              yield* failing(3, third)
            }
          }).name = 'cleaner'
          n.spawn(failing, 1, first).name = 'sick'
          try {
            yield* sleep(100)
          } finally {
            yield* failing(2, second)
          }
        })
      }),
    )
    expect(value).toBeInstanceOf(AggregateError)
    expect((value as AggregateError).errors).toEqual([first, second, third])
    expect(messageOf(value)).toBe(
      '3 failures in one nursery:\n' +
        '  "sick": Error: first\n' +
        '  the body: RangeError: second\n' +
        '  "cleaner": TypeError: third',
    )
    expect(reports).toEqual([])
  })

  it('never runs a child that is spawned after that', () => {
    const error = new Error('boom')
    const rec = recorder()
    const late: Greenlet[] = []
    const { value } = play(() =>
      caught(function* () {
        yield* nursery(function* (n) {
          n.spawn(failing, 1, error)
          try {
            yield* sleep(100)
          } finally {
            late.push(n.spawn(() => rec('late')))
          }
        })
      }),
    )
    expect(value).toBe(error)
    expect(late.map((child) => child.value)).toEqual([expect.any(GreenletExit)])
    rec.expect([])
  })

  it('counts no kill as a failure', () => {
    const rec = recorder()
    const { value } = play(function* () {
      return yield* nursery(function* (n) {
        const child = n.spawn(worker, rec, 'a')
        yield* sleep(1)
        yield* child.kill()
        return 'value'
      })
    })
    expect(value).toBe('value')
    rec.expect(['a gets GreenletExit', 'a ends'])
  })

  it('counts any other error that a child was killed with', () => {
    const error = new Error('stop')
    const { value } = play(() =>
      caught(function* () {
        yield* nursery(function* (n) {
          void n.spawn(sleep, 100).kill(error)
          yield* sleep(1)
        })
      }),
    )
    expect(value).toBe(error)
  })
})

describe('nursery() whose body fails', () => {
  it('kills all children, waits for them, and throws that very error', () => {
    const error = new Error('boom')
    const rec = recorder()
    const { value, time } = play(function* () {
      const left = yield* caught(function* () {
        yield* nursery(function* (n) {
          n.spawn(worker, rec, 'a')
          n.spawn(worker, rec, 'b', 4)
          yield* failing(1, error)
        })
      })
      rec('left')
      return left
    })
    expect(value).toBe(error)
    expect(time).toBe(5)
    rec.expect(['a gets GreenletExit', 'b gets GreenletExit', 'a ends', 'b ends', 'left'])
  })

  it('never runs a child that was to start later', () => {
    const error = new Error('boom')
    const rec = recorder()
    const { value, time } = play(() =>
      caught(function* () {
        yield* nursery(function* (n) {
          n.spawnLater(5, () => rec('runs'))
          yield* failing(1, error)
        })
      }),
    )
    expect(value).toBe(error)
    expect(time).toBe(1)
    rec.expect([])
  })

  it('never runs children that have not begun', () => {
    const error = new Error('boom')
    const rec = recorder()
    const { value } = play(() =>
      caught(function* () {
        yield* nursery((n) => {
          n.spawn(() => rec('runs'))
          throw error
        })
      }),
    )
    expect(value).toBe(error)
    rec.expect([])
  })

  it('passes on a SuppressedError that holds its own interrupt as a failure', () => {
    const [boom, broken] = [new Error('boom'), new Error('dispose')]
    const { value } = play(() =>
      caught(function* () {
        yield* nursery(function* (n) {
          n.spawn(failing, 1, boom)
          const interrupt = yield* caught(function* () {
            yield* sleep(100)
          })
          throw Object.assign(new Error('suppressed'), { error: broken, suppressed: interrupt })
        })
      }),
    )
    expect(value).toBeInstanceOf(AggregateError)
    expect((value as AggregateError).errors.map(String)).toEqual(['Error: boom', 'Error: suppressed'])
  })
})

describe('nursery() whose greenlet is interrupted', () => {
  it('lets a kill reach the body, then all children, and go on when they have ended', () => {
    const rec = recorder()
    const { time } = play(function* () {
      const parent = spawn(function* () {
        try {
          yield* nursery(function* (n) {
            n.spawn(worker, rec, 'a')
            try {
              yield* sleep(100)
            } finally {
              rec('body ends')
            }
          })
        } finally {
          rec('left')
        }
      })
      yield* sleep(1)
      yield* parent.kill()
      expect(parent.value).toBeInstanceOf(GreenletExit)
    })
    expect(time).toBe(3)
    rec.expect(['body ends', 'a gets GreenletExit', 'a ends', 'left'])
  })

  it('lets a kill reach the children when the body has ended', () => {
    const rec = recorder()
    play(function* () {
      const parent = spawn(function* () {
        yield* nursery((n) => {
          n.spawn(worker, rec, 'a')
        })
      })
      yield* sleep(1)
      yield* parent.kill()
      expect(parent.value).toBeInstanceOf(GreenletExit)
    })
    rec.expect(['a gets GreenletExit', 'a ends'])
  })

  it('lets a Timeout go on to whoever has started it', () => {
    const rec = recorder()
    const { value, time } = play(function* () {
      const late = yield* withTimeout({ ms: 3, timeoutValue: 'late' }, () =>
        nursery(function* (n) {
          n.spawn(worker, rec, 'a')
          yield* sleep(100)
        }),
      )
      const timeout = new Timeout(3).start()
      const left = yield* caught(function* () {
        yield* nursery((n) => void n.spawn(worker, rec, 'b'))
      })
      return [late, left === timeout]
    })
    expect(value).toEqual(['late', true])
    expect(time).toBe(10)
    rec.expect(['a gets GreenletExit', 'a ends', 'b gets GreenletExit', 'b ends'])
  })

  it('passes a second kill on to those who still live, waits on, and raises it at the next wait', () => {
    const rec = recorder()
    const { time } = play(function* () {
      const parent = spawn(function* () {
        try {
          yield* nursery((n) => {
            n.spawn(worker, rec, 'quick', 1)
            n.spawn(worker, rec, 'slow', 1000)
            n.spawn(function* stubborn() {
              for (let i = 0; i < 2; i++) {
                yield* caught(function* () {
                  yield* sleep(5000)
                })
              }
              yield* sleep(3)
              rec('stubborn ends')
            })
          })
        } catch (error) {
          rec(`left by ${messageOf(error)}`)
          yield* sleep(1)
          rec('never')
        } finally {
          rec('ends')
        }
      })
      yield* sleep(1)
      void parent.kill(new GreenletExit('one'))
      yield* sleep(4)
      void parent.kill(new GreenletExit('two'))
      yield* parent.join()
      rec(messageOf(parent.value))
    })
    expect(time).toBe(8)
    rec.expect([
      'quick gets GreenletExit',
      'slow gets GreenletExit',
      'quick ends',
      'stubborn ends',
      'left by one',
      'ends',
      'two',
    ])
  })

  it('kills nobody twice who was killed by the same Ctrl-C', () => {
    const rec = recorder()
    play(function* () {
      const parent = spawn(function* () {
        yield* nursery(function* (n) {
          n.spawn(worker, rec, 'a', 5)
          yield* sleep(100)
        })
      })
      yield* sleep(1)
      for (const task of parent.hub.living()) if (task.name !== getcurrent().name) task.kill()
      yield* parent.join()
    })
    rec.expect(['a gets GreenletExit', 'a ends'])
  })

  it('reports failures that cannot be thrown because an interrupt goes on', () => {
    const [boom, broken] = [new Error('boom'), new Error('body')]
    const { reports } = play(function* () {
      const parent = spawn(function* () {
        yield* nursery(function* (n) {
          n.spawn(failing, 1, boom)
          n.spawn(recorderless)
          yield* caught(function* () {
            yield* sleep(100)
          })
          throw broken
        })
      })
      yield* sleep(2)
      yield* parent.kill()
      expect(parent.value).toBeInstanceOf(GreenletExit)
    })
    expect(reports).toEqual([boom, broken])
  })

  it('is left by a Timeout that comes while children end after a failure, which is reported', () => {
    const boom = new Error('boom')
    const rec = recorder()
    const { value, reports, time } = play(() =>
      caught(function* () {
        yield* withTimeout(5, () =>
          nursery((n) => {
            n.spawn(worker, rec, 'a', 1000)
            n.spawn(failing, 1, boom)
          }),
        )
      }),
    )
    expect(value).toBeInstanceOf(Timeout)
    expect(reports).toEqual([boom])
    expect(time).toBe(5)
    rec.expect(['a gets GreenletExit'])
  })
})

/** Takes long to end. */
function* recorderless(): Green<void> {
  try {
    yield* sleep(100)
  } finally {
    yield* sleep(50)
  }
}

describe('a nursery in a nursery', () => {
  it('throws its failure in the body of the outer one', () => {
    const error = new Error('boom')
    const rec = recorder()
    const { value } = play(() =>
      caught(function* () {
        yield* nursery(function* (outer) {
          outer.spawn(worker, rec, 'outer')
          yield* nursery((inner) => {
            inner.spawn(worker, rec, 'inner')
            inner.spawn(failing, 1, error)
          })
        })
      }),
    )
    expect(value).toBe(error)
    rec.expect(['inner gets GreenletExit', 'inner ends', 'outer gets GreenletExit', 'outer ends'])
  })

  it('ends with its children when a child of the outer one fails', () => {
    const error = new Error('boom')
    const rec = recorder()
    const { value, reports } = play(() =>
      caught(function* () {
        yield* nursery(function* (outer) {
          outer.spawn(failing, 1, error)
          try {
            yield* nursery(function* (inner) {
              inner.spawn(worker, rec, 'inner')
              yield* sleep(100)
            })
          } finally {
            rec('inner left')
          }
        })
      }),
    )
    expect(value).toBe(error)
    expect(reports).toEqual([])
    rec.expect(['inner gets GreenletExit', 'inner ends', 'inner left'])
  })

  it('ends when both fail, with both errors', () => {
    const [outside, inside] = [new Error('outside'), new Error('inside')]
    const { value, reports } = play(() =>
      caught(function* () {
        yield* nursery(function* (outer) {
          outer.spawn(failing, 1, outside)
          yield* nursery(function* (inner) {
            inner.spawn(failing, 1, inside)
            yield* sleep(100)
          })
        })
      }),
    )
    // The interrupt of the outer one has to go on: the inner failure cannot be thrown.
    expect(value).toBe(outside)
    expect(reports).toEqual([inside])
  })

  it('may run in a child, and in a branch of choose(), which ends it', () => {
    const rec = recorder()
    const { value } = play(
      () =>
        nursery(function* (n) {
          n.spawn(() => nursery((inner) => void inner.spawn(sleep, 3)))
          const chosen = yield* choose({ late: sleep(1), work: nursery((inner) => void inner.spawn(worker, rec, 'a')) })
          rec('chosen')
          return chosen
        })[Symbol.iterator]() as Green<readonly [string, unknown]>,
    )
    expect(value).toEqual(['late', undefined])
    rec.expect(['a gets GreenletExit', 'a ends', 'chosen'])
  })
})

describe('kill() of a nursery', () => {
  it('kills the children that live; the body goes on and may spawn others', () => {
    const rec = recorder()
    const { value, time } = play(function* () {
      return yield* nursery(function* (n) {
        n.spawn(worker, rec, 'a')
        n.spawn(worker, rec, 'b')
        yield* sleep(1)
        yield* n.kill()
        rec('killed')
        n.spawn(sleep, 1)
        return 'value'
      })
    })
    expect(value).toBe('value')
    expect(time).toBe(4)
    rec.expect(['a gets GreenletExit', 'b gets GreenletExit', 'a ends', 'b ends', 'killed'])
  })

  it('has its effect at the call, and need not be driven', () => {
    const rec = recorder()
    play(function* () {
      yield* nursery(function* (n) {
        n.spawn(() => rec('runs'))
        n.kill()
        expect(n.size).toBe(0)
        yield* sleep(1)
        n.kill(undefined, { block: false }) // there is nobody
      })
    })
    rec.expect([])
  })

  it('may come from a child, which ends with the others', () => {
    const rec = recorder()
    play(function* () {
      yield* nursery((n) => {
        n.spawn(worker, rec, 'a')
        n.spawn(function* () {
          yield* sleep(1)
          yield* n.kill()
          rec('never')
        })
      })
      rec('left')
    })
    rec.expect(['a gets GreenletExit', 'a ends', 'left'])
  })
})

describe('nursery() in plain code', () => {
  it('can be awaited', async () => {
    const queue = new Queue<number>()
    const value = await nursery(function* (n) {
      n.spawn(() => queue.put(1))
      return yield* queue.get()
    })
    expect(value).toBe(1)
  })

  it('rejects with the failure', async () => {
    const error = new Error('boom')
    const op = nursery(function* (n) {
      n.spawn(failing, 1, error)
      yield* sleep(1000)
    })
    expect(await rejection(op)).toBe(error)
  })

  it('works under run()', async () => {
    const rec = recorder()
    await run(function* () {
      yield* nursery(
        (n) =>
          void n.spawn(function* () {
            yield* sleep(1)
            rec('child')
          }),
      )
      rec('main')
    })
    rec.expect(['child', 'main'])
  })

  it('is left by LoopExit, which names the children', async () => {
    const failed = rejection(
      nursery(
        (n) =>
          void n.spawn(function* stuck() {
            yield* new Event().wait()
          }),
      ),
    )
    await sleep(1)
    getHub().raiseLoopExit()
    const error = await failed
    expect(error).toBeInstanceOf(LoopExit)
    expect(messageOf(error)).toMatch(/ {2}main +nursery\(\) for "stuck-\d+"/u)
  })
})

describe('nursery() that is used wrongly', () => {
  it('refuses a body that is no function', () => {
    // @ts-expect-error: a number is no body
    expect(usage(() => nursery(5))).toBe('nursery() expects a function, but got 5 (number).')
  })

  it('refuses a child that is no function', () => {
    const { value } = play(() =>
      caught(function* () {
        yield* nursery((n) => {
          // @ts-expect-error: an operation is no body
          n.spawn(sleep(1))
        })
      }),
    )
    expect(messageOf(value)).toMatch(/^spawn\(\) expects a function, but got an operation\./u)
  })

  it('refuses a wrong time', () => {
    const { value } = play(() =>
      caught(function* () {
        yield* nursery((n) => n.spawnLater(-1, sleep))
      }),
    )
    expect(messageOf(value)).toBe('spawnLater() expects `ms` to be a number of milliseconds, 0 or more, but got -1.')
  })

  it('refuses to spawn when it was left', () => {
    const { value } = play(function* () {
      return yield* nursery((n) => n)
    })
    const left: Nursery = value
    expect(usage(() => left.spawn(sleep, 1)).replace(/-\d+/u, '-N')).toBe(
      'A nursery was left, and was then to spawn "sleep-N"; nobody would wait for it.\n\n' +
        '  nursery.spawn(work)                               // incorrect: kept, and called after the block\n' +
        '  yield* nursery(function* (n) { n.spawn(work) })   // correct',
    )
    expect(usage(() => left.spawnLater(1, sleep, 1))).toMatch(/^A nursery was left, /u)
    expect(left.size).toBe(0)
  })
})
