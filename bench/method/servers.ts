/**
 * What the servers have in common that are measured: `node file.js name` starts one and prints its port.
 */
import type { AddressInfo, Server } from 'node:net'

/** Starts the server that the command line names, and prints its port. Each begins to listen, and answers at which. */
export async function startOneOf(servers: Readonly<Record<string, () => Promise<number>>>): Promise<void> {
  const start = servers[process.argv[2] ?? '']
  if (start === undefined) throw new Error(`There are ${Object.keys(servers).join(', ')}.`)
  console.log(await start())
}

/** Has a server of Node listen. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
