/**
 * `greenloop/trace`: what greenlets did, and what they do now.
 *
 * A door: re-exports only.
 */

export type { BackdoorPlace } from './backdoor/place.ts'
export { type BackdoorOptions, BackdoorServer } from './backdoor/server.ts'
export { type ConsoleOptions, LiveConsole, openConsole } from './console/console.ts'
export { type EventLoopDelays, formatDelays } from './monitor/delays.ts'
export { ignoreBlocking } from './monitor/ignoring.ts'
export type { MemoryLimits } from './monitor/memory.ts'
export { Monitor, type MonitorEvents } from './monitor/monitor.ts'
export type { MonitorOptions } from './monitor/options.ts'
export type { BlockedReport, MemoryReport, UnblockedReport } from './monitor/reports.ts'
export type { StuckFrame } from './monitor/stuck.ts'
export {
  type ChromeEvent,
  type ChromeTrace,
  chromeTrace,
  readChromeTrace,
} from './pictures/chrome.ts'
export { type TimelineHtmlOptions, timelineHtml } from './pictures/html.ts'
export {
  type GreenletSummary,
  type RunSummary,
  type Summary,
  summarize,
  type TimeSummary,
  type WaitSummary,
} from './pictures/summary.ts'
export {
  formatSummary,
  type SummaryOptions,
} from './pictures/table.ts'
export { drawTimeline, type TimelineOptions } from './pictures/terminal.ts'
export { Meter, type MeterReading } from './record/meter.ts'
export { type Recorded, Recorder, type RecorderOptions, record } from './record/recorder.ts'
export type {
  Arrow,
  ArrowKind,
  End,
  Place,
  Recording,
  Span,
  SpanKind,
  Track,
} from './record/recording.ts'
