/**
 * What the reports of some of the mistakes say, without the numbers of lines and the replay.
 */

/** Of a lost update. */
export const LOST_UPDATE: string = `\
Error: balance: 1

     main                        deposit-2               deposit-3
  0  joinall() for "deposit-2",
       "deposit-3"                                                               bugs.ts
  1                                                      reads account.balance
                                                         sleep(0)                bugs.ts
  2                              reads account.balance   ⟵ switched away
                                 sleep(0)                                        bugs.ts
  3                              writes account.balance
                                 returns
  5                                                      writes account.balance
                                                         returns
  7  reads account.balance
     fails: Error                                                                bugs.ts

order: any (whoever is ready may be next; in production it is first come, first served)
independence: tracked; tracked objects: 1
Found in execution 1, shrunk from 2 preemptions to 1.`

/** Of two locks in two orders. */
export const DEADLOCK: string = `\
LoopExit: main waits in joinall() for "transfer-2", "transfer-3", and nothing is left that could wake it
(0 ready, 0 timers, 0 promises or sockets that were asked). These wait for each other in a circle:

  transfer-2  semaphore2.acquire()                       at test/testing/support/bugs.ts   the last permit was taken by "transfer-3"
  transfer-3  semaphore1.acquire()                       at test/testing/support/bugs.ts   the last permit was taken by "transfer-2"

These wait, too:

  main        joinall() for "transfer-2", "transfer-3"   at test/testing/support/bugs.ts

     main                         transfer-2            transfer-3
  0  joinall() for "transfer-2",
       "transfer-3"                                                           bugs.ts
  1                                                     semaphore2.acquire()  bugs.ts
  2                               semaphore1.acquire()  ⟵ switched away       bugs.ts
  3                               semaphore2.acquire()                        bugs.ts
  4                                                     semaphore1.acquire()  bugs.ts
     waits for ever               waits for ever        waits for ever

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1, shrunk from 2 preemptions to 1.`

/** Of a wake-up that nobody waits for yet. */
export const LOST_WAKE_UP: string = `\
LoopExit: main waits in joinall() for "guest-2", and nothing is left that could wake it
(0 ready, 0 timers, 0 promises or sockets that were asked). Either those below wait for each other,
or what should wake them was closed or unref'd.

  main     joinall() for "guest-2"  at test/testing/support/bugs.ts
  guest-2  result.get()             at test/testing/support/bugs.ts

     main                      guest-2                 host-3
  0  joinall() for "guest-2",
       "host-3"                                                             bugs.ts
  1                            semaphore.acquire()                          bugs.ts
  2                            reads door.open
                               sleep(0)                                     bugs.ts
  3                            switched away ⟶         semaphore.acquire()  bugs.ts
  4                                                    writes door.open,
                                                         waiters.length
                                                       returns
  6                            writes waiters.length,
                                 waiters[0]
                               result.get()                                 bugs.ts
     waits for ever            waits for ever

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1, shrunk from 3 preemptions to 1.`

/** Of a release without an acquire. */
export const PERMIT_TOO_MANY: string = `\
An invariant does not hold: one at a time

     main                 visit-2              visit-3
  0  semaphore.acquire()                                             bugs.ts
  1  sleep(0)                                                        bugs.ts
  2  switched away ⟶      reads room.inside
                          semaphore.acquire()                        bugs.ts
  3  writes room.inside
     sleep(0)                                                        bugs.ts
  4  switched away ⟶      reads room.inside
                          is killed
  5                                            reads room.inside
                                               semaphore.acquire()   bugs.ts
  6                                            writes room.inside
                                               sleep(0)
                                               breaks the invariant  bugs.ts

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 38: 2 preemptions.`

/** Of a consumer that is killed. */
export const LOST_ITEM: string = `\
Error: done: 0, left: 1, of 2

     main                   consume-2
  0  sleep(0)                                test/testing/support/bugs.ts
  1  switched away ⟶        queue.get()      test/testing/support/bugs.ts
  2  kill() of "consume-2"  ⟵ switched away  test/testing/support/bugs.ts
  3                         is killed
  5  reads done.length
     fails: Error                            test/testing/support/bugs.ts

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1: first come, first served.`

/** Of two timers that are due at once. */
export const TIMER_TIE: string = `\
Error: no answer in time

     main                    Greenlet-2  the hub
  0  join() of "Greenlet-2"                                       test/testing/support/bugs.ts
  1                          sleep(10)                            test/testing/support/bugs.ts
     ── 10 ms later ────────────────────────────────────────────
  2                                      Timeout(10): wakes main
  3  reads answer.came
     fails: Error                                                 test/testing/support/bugs.ts

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1, shrunk from 1 preemption to 0.`

/** Of two who give way to each other. */
export const LIVELOCK: string = `\
No progress: 100 steps were taken, and the schedule does not come to an end.
These 2 steps repeat at its end, 29 times in a row:

  Greenlet-2  sleep(0)  at test/testing/support/bugs.ts
  Greenlet-3  sleep(0)  at test/testing/support/bugs.ts

Who asks again and again may never be answered: the others need not have a turn. Wait for the change itself:
  while (!ready) yield* sleep(0)   // incorrect: asks for ever
  yield* ready.wait()              // correct: an Event is told

A schedule that is only long: explore(body, { maxSteps: 1_000 })

The last steps:

      Greenlet-2        Greenlet-3
  80                    writes wants.bob
                        sleep(0)          test/testing/support/bugs.ts
  81  reads wants.bob
      sleep(0)                            test/testing/support/bugs.ts
  82                    reads wants.ann
                        sleep(0)          test/testing/support/bugs.ts
  83  writes wants.ann
      sleep(0)                            test/testing/support/bugs.ts
  84                    writes wants.bob
                        sleep(0)          test/testing/support/bugs.ts
  85  writes wants.ann
      sleep(0)                            test/testing/support/bugs.ts
  86                    writes wants.bob
                        sleep(0)          test/testing/support/bugs.ts
  87  reads wants.bob
      sleep(0)                            test/testing/support/bugs.ts
  88                    reads wants.ann
                        sleep(0)          test/testing/support/bugs.ts
  89  writes wants.ann
      sleep(0)                            test/testing/support/bugs.ts
  90                    writes wants.bob
                        sleep(0)          test/testing/support/bugs.ts
  91  writes wants.ann
      sleep(0)                            test/testing/support/bugs.ts
  92                    writes wants.bob
                        sleep(0)          test/testing/support/bugs.ts
  93  reads wants.bob
      sleep(0)                            test/testing/support/bugs.ts
  94                    reads wants.ann
                        sleep(0)          test/testing/support/bugs.ts
  95  writes wants.ann
      sleep(0)                            test/testing/support/bugs.ts
  96                    writes wants.bob
                        sleep(0)          test/testing/support/bugs.ts
  97  writes wants.ann
      sleep(0)                            test/testing/support/bugs.ts
  98                    writes wants.bob
                        sleep(0)          test/testing/support/bugs.ts
  99  reads wants.bob
      sleep(0)                            test/testing/support/bugs.ts

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1, shrunk from 40 preemptions to 2.`

/** Of one that waits for ever. */
export const LEFT_OVER: string = `\
main has ended, and greenlet "worker" is left over: nobody can end the wait any more.

  worker  queue.get()  at test/testing/support/bugs.ts  the queue is empty

Join or kill what was spawned; one that may be left over is a daemon: t.daemon(spawn(work)).

     main                   worker
  0  queue.put()                                   test/testing/support/bugs.ts
  1  switched away ⟶        reads server.running
                            queue.get() (2 times)  test/testing/support/bugs.ts
  3  writes server.running
     returns
                            waits for ever

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 2: 1 preemption.`
