// Opens a backdoor and enters it; argv[2] says how it goes on.
import net from 'node:net'
import { argv } from 'node:process'
import { Event, run } from 'greenloop'
import { BackdoorServer } from 'greenloop/trace'

const [, , how = ''] = argv
const TOKEN = 'open sesame'
const server = new BackdoorServer(0, { token: TOKEN, banner: 'Welcome.' })
await server.start()
const [host, port] = server.address as [string, number]
const caller = net.connect(port, host).setEncoding('utf8')

/** Sends a line; answers what is heard up to `ending`. */
function say(line: string, ending: string): Promise<string> {
  caller.write(`${line}\n`)
  return new Promise((resolve) => {
    let heard = ''
    const onData = (text: string): void => {
      heard += text
      if (!heard.endsWith(ending)) return
      caller.off('data', onData)
      resolve(heard)
    }
    caller.on('data', onData)
  })
}

await say(TOKEN, '> ')
console.log('connected')
if (how === 'later') {
  const heard = await say("setTimeout(() => { throw new Error('later') }, 5); 1", 'later\n> ')
  console.log(`${heard.replace(/^1\n> /u, '')}${(await say('1', '\n> ')).replace('\n> ', '')}`)
}
caller.unref()
if (how === 'vain') await new Event().wait()
if (how === 'forever') {
  await run(function* () {
    setTimeout(() => {
      server.stop()
    }, 20).unref()
    yield* server.serveForever()
    console.log('served')
  })
}
console.log('end of program')
