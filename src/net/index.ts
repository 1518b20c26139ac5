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
export type { BaseServer } from './server/base-server.ts'
export {
  type DatagramHandler,
  type DatagramListener,
  DatagramServer,
  type DatagramServerOptions,
} from './server/datagram-server.ts'
export type { Spawn, SpawnFunction } from './server/job.ts'
export type { PortListener } from './server/listener.ts'
export type { ServerOptions, StopOptions } from './server/options.ts'
export {
  type StreamConnection,
  type StreamHandler,
  type StreamListener,
  StreamServer,
  type StreamServerOptions,
} from './server/stream-server.ts'
export type { Sendable } from './socket/calls.ts'
export {
  type ConnectionOptions,
  createConnection,
  createListener,
  type ListenerOptions,
  socketpair,
} from './socket/connection.ts'
export type { NodeSocket } from './socket/face.ts'
export { type ConnectCode, Socket } from './socket/socket.ts'
export type { FileMode, SocketFile, SocketFileOptions } from './socket/socket-file.ts'
export {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Family,
  IPPROTO_TCP,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  type Shutdown,
  SO_BROADCAST,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketAddress,
  type SocketKind,
  TCP_NODELAY,
} from './socket/vocabulary.ts'
export type { Accepted } from './stream/accept.ts'
export { connect, createServer, type GreenServer, type GreenSocket } from './stream/endpoints.ts'
export type { ServerMethods, SocketMethods } from './stream/methods.ts'
export * as tls from './tls/index.ts'
