import { run, sleep, spawn } from 'greenloop'
import { Monitor } from 'greenloop/trace'
const monitor = new Monitor({ blockedMs: 50, reportsPerMinute: 1000 }).start()
await monitor.ready
let before = 0
function unseen(): boolean { return performance.now() > 0 && monitor.reported === before }
await run(function* main() {
  for (let i = 0; i < 10; i++) {
  before = monitor.reported
  yield* spawn(function* match() {
    const text = `${'a'.repeat(20)}b`
    while (unseen()) /^(a+)+$/u.test(text)
  }).join()
  yield* sleep(20)
  }
})
console.log('ok', monitor.reported)
process.exit(0)
