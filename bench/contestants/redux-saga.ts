/**
 * redux-saga: generators yield effects, which it interprets. Run by `runSaga`, without a store, as its documentation has it for what lies
 * outside of Redux. Tasks are attached forks, for which their parent waits, but where that is slow.
 */
import { buffers, type Channel, channel, runSaga, type Task } from 'redux-saga'
import { all, call, cancel, delay, type Effect, fork, join, put, race, spawn, take } from 'redux-saga/effects'
import type { Run, Runs, Stopwatch } from '../method/runs.ts'
import { napOf } from './shared/nap.ts'

/** Yields effects or promises, and is resumed with an `R` where it looks at what it gets. */
type Saga<R = unknown> = Generator<Effect | Promise<unknown>, void, R>

const settled = Promise.resolve()

export const runs: Runs = {
  switch: saga(switching),
  spawn: saga(spawning),
  yield: saga(givingWay),
  queue: saga(queueing),
  sleepers: saga(sleeping),
  depth: saga(descending),
  kill: saga(killing),
  timeout: saga(limiting),
  nursery: saga(grouping),
}

function saga(root: (times: number, watch: Stopwatch, parameter: number) => Saga<never>): Run {
  return async (times, watch, parameter) => {
    await runSaga({}, root, times, watch, parameter).toPromise()
  }
}

/** Each puts into the other's channel and takes from its own. */
function* switching(times: number): Saga {
  const [left, right] = [channel<number>(), channel<number>()]
  yield fork(answer, left, right, times / 2)
  for (let i = 0; i < times / 2; i++) {
    yield put(right, i)
    yield take(left)
  }
}

function* answer(left: Channel<number>, right: Channel<number>, times: number): Saga {
  for (let i = 0; i < times; i++) {
    yield take(right)
    yield put(left, i)
  }
}

function* spawning(times: number): Saga<Task> {
  const tasks: Task[] = []
  for (let i = 0; i < times; i++) tasks.push(yield fork(trivial))
  yield join(tasks)
}

function* trivial(): Saga {
  // it returns at once
}

/** There is no effect that gives way and no more; a settled promise is the least that does. Sockets and timers have to wait. */
function* givingWay(times: number, _: Stopwatch, tasks: number): Saga {
  for (let i = 0; i < tasks; i++) yield fork(hop, times / tasks)
}

function* hop(rounds: number): Saga {
  for (let i = 0; i < rounds; i++) yield settled
}

function* queueing(times: number): Saga {
  const queue = channel<number>(buffers.expanding())
  yield fork(produce, queue, times)
  yield fork(consume, queue, times)
}

function* produce(queue: Channel<number>, items: number): Saga {
  for (let i = 0; i < items; i++) yield put(queue, i)
}

function* consume(queue: Channel<number>, items: number): Generator<Effect, number, number> {
  let sum = 0
  for (let i = 0; i < items; i++) sum += yield take(queue)
  return sum
}

/** In parallel; as forks they would be looked for in the list of their parent, each when it ends. */
function* sleeping(times: number): Saga {
  yield all(Array.from({ length: times }, (_, i) => call(nap, napOf(i))))
}

function* nap(ms: number): Saga {
  yield delay(ms)
}

/** Through `call`, which a resume does not go through level by level, as it does through `yield*`. */
function* descending(times: number, _: Stopwatch, depth: number): Saga {
  yield call(down, depth, times)
}

function* down(level: number, times: number): Saga {
  if (level > 1) yield call(down, level - 1, times)
  else for (let i = 0; i < times; i++) yield settled
}

/**
 * Detached: an attached fork is looked for in the list of its parent when it ends. `cancel` ends them before it returns, and who joins one
 * that was cancelled is cancelled as well; so they are asked instead.
 */
function* killing(times: number, watch: Stopwatch): Saga<Task> {
  const tasks: Task[] = []
  for (let i = 0; i < times; i++) tasks.push(yield spawn(wait))
  watch.start()
  yield cancel(tasks)
  if (tasks.some((task) => task.isRunning())) throw new Error('one that was cancelled runs on')
}

function* wait(): Saga {
  yield new Promise(never)
}

function never(): void {
  // it does not settle
}

/** The limit stands first: a race starts nothing of what stands behind one that has won, and there would be no limit. */
function* limiting(times: number): Saga {
  for (let i = 0; i < times; i++) yield race({ late: delay(1000), value: call(trivial) })
}

/** A call returns when the forks that are attached to it have ended, too. */
function* grouping(times: number, _: Stopwatch, size: number): Saga {
  for (let i = 0; i < times / size; i++) yield call(group, size)
}

function* group(size: number): Saga {
  for (let i = 0; i < size; i++) yield fork(hop, 1)
}
