// Dies with its backdoor open.
import { argv } from 'node:process'
import { BackdoorServer } from 'greenloop/trace'

const [, , path = ''] = argv
await new BackdoorServer(path).start()
process.kill(process.pid, 'SIGKILL')
