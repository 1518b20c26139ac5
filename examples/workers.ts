/**
 * A kitchen: a clerk puts orders into a queue of one place, a pool of two cooks carries them out, each order within a time limit, and a
 * nursery holds all of it together. What takes too long is given up while the others go on. When the clerk fails, everybody ends, and
 * cleans up before the failure goes on.
 *
 * Run: `npx tsx examples/workers.ts`
 *
 * Expected output:
 * ```text
 * clerk: took in tea
 * clerk: took in roast
 * clerk: took in soup
 * clerk: took in cake
 * tea is served
 * clerk: took in pie
 * soup is served
 * cake is served
 * pie is served
 * roast: pan put away
 * roast took too long
 * everything is done
 * clerk: took in tea
 * clerk: took in roast
 * clerk: took in soup
 * clerk: took in cake
 * tea is served
 * clerk: took in pie
 * roast: pan put away
 * soup: pan put away
 * Error: out of paper
 * ```
 */
import { type Green, nursery, Pool, Queue, run, sleep, withTimeout } from 'greenloop'

type Order = Readonly<{ dish: string; ms: number }>

const LIMIT_MS = 500

/** Carries out one order, and puts the pan away when it is broken off. */
function* cook({ dish, ms }: Order): Green<string> {
  try {
    yield* sleep(ms)
    return `${dish} is served`
  } catch (err) {
    console.log(`${dish}: pan put away`)
    throw err
  }
}

/** Carries out all orders, and comes back when nobody is at work any more, however it ends. */
function kitchen(orders: Iterable<Order>) {
  return nursery(function* (n) {
    const queue = new Queue<Order>(1)
    n.spawn(function* clerk() {
      for (const order of orders) {
        yield* queue.put(order) // waits while the queue is full
        console.log(`clerk: took in ${order.dish}`)
      }
      queue.shutdown() // whoever reads it comes to its end
    })

    const inTime = (order: Order) =>
      withTimeout({ ms: LIMIT_MS, timeoutValue: `${order.dish} took too long` }, cook, order)
    using results = new Pool(2).imapUnordered(inTime, queue) // leaving the block ends those who are at work
    while (yield* results.next()) console.log(results.value)
    return 'everything is done'
  })
}

const orders = ['tea', 'roast', 'soup', 'cake', 'pie'].map((dish) => ({ dish, ms: dish === 'roast' ? 60_000 : 1 }))

function* untilPaperIsOut(): Generator<Order> {
  yield* orders
  throw new Error('out of paper')
}

await run(function* () {
  console.log(yield* kitchen(orders))
  console.log(yield* kitchen(untilPaperIsOut()))
}).catch((err: unknown) => console.log(String(err)))
