/**
 * greenloop/testing: time that jumps, every schedule of a program, and a string that replays the one that fails.
 *
 * What test runners need is in `greenloop/testing/vitest` and `greenloop/testing/fast-check`.
 */
export type { ScheduleContext } from './execution/body.ts'
export type { Body } from './execution/execution.ts'
export { type FailureKind, TestingError } from './execution/outcome.ts'
export type { Trace, TraceStep } from './execution/trace.ts'
export {
  type AnyIt,
  type CommonOptions,
  type DefineGreen,
  type GreenIt,
  greenIt,
  type ItExploreOptions,
  type ItFuzzOptions,
  type Variants,
} from './frameworks/it.ts'
export {
  type FailureFacts,
  ScheduleFailure,
  type ScheduleStep,
  StaleSchedule,
  UncontrolledNondeterminism,
  Unreached,
  UntrackedState,
} from './report/failure.ts'
export { type Bound, type ExploreResult, explore } from './runs/explore.ts'
export { type FuzzOptions, type FuzzResult, fuzz } from './runs/fuzz.ts'
export type { ExploreOptions, ScheduleOptions } from './runs/options.ts'
export { type ReplayOptions, type ReplayResult, replay } from './runs/replay.ts'
export { type VirtualOptions, type VirtualResult, virtual } from './runs/virtual.ts'
export { waitAllBlocked } from './storyboard/blocked.ts'
export { type MatcherResult, toHaveHappenedBefore, toInterleave, toSwitchExactly } from './storyboard/matchers.ts'
export { type Recorder, recorder, StoryboardError } from './storyboard/recorder.ts'
export { Sequencer } from './storyboard/sequencer.ts'
