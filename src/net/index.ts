/**
 * The door of `greenloop/net`: sockets and names, usable without any patch.
 */
export * as dgram from './datagram/index.ts'
export * as dns from './dns/index.ts'
export type { Address } from './readiness/address.ts'
export { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP } from './readiness/pollable.ts'
export type { EpollCallback } from './select/callback.ts'
export {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  Epoll,
  epoll,
} from './select/epoll.ts'
export { EPOLLET, EPOLLONESHOT } from './select/interest.ts'
export { Poll, poll } from './select/poll.ts'
export { waitRead, waitWrite } from './select/ready.ts'
export { type Selected, select } from './select/select.ts'
export type { HasFileno, Selectable } from './select/target.ts'
export type { Accepted } from './stream/accept.ts'
export { connect, createServer, type GreenServer, type GreenSocket } from './stream/endpoints.ts'
export type { ServerMethods, SocketMethods } from './stream/methods.ts'
export * as tls from './tls/index.ts'
