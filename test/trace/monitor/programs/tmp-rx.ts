import { Monitor } from 'greenloop/trace'

const monitor = new Monitor({ blockedMs: 20, reportsPerMinute: 1000 }).start()
await monitor.ready
const text = `${'a'.repeat(20)}b`
for (let i = 0; i < 10; i++) {
  const before = monitor.reported
  while (performance.now() > 0 && monitor.reported === before) /^(a+)+$/u.test(text)
  await new Promise((r) => setTimeout(r, 30))
}
console.log('ok', monitor.reported)
