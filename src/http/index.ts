/**
 * Floor 8: HTTP.
 */
export { type HostLimit, limitPerHost } from './fetch/limit.ts'
export { type FetchInit, fetch, type GreenPromise, type GreenResponse } from './fetch/own.ts'
export { ClientGoneError } from './node/client-watch.ts'
export { type Handler, handler } from './node/handler.ts'
export type { RequestOptions } from './requests/api.ts'
export * as requests from './requests/api.ts'
export type { BodyWriter, Chunk } from './serve/body-writer.ts'
export type { HTTPServer, RequestHandler } from './serve/http-server.ts'
export type { LogEntry, LogStream, ServeOptions, UpgradeHandler } from './serve/options.ts'
export type { BodyOptions, ServerRequest } from './serve/request.ts'
export { RefusedRequest } from './serve/request-body.ts'
export { type BodyFunction, Response, type ResponseBody, type ResponseInit } from './serve/response.ts'
export { serve } from './serve/serve.ts'
