export { constant, cosine, cosineWarmRestarts, exponential, linear, multiStep, oneCycle, polynomial, step, type OneCycleOptions } from './schedules/closed-forms.ts';
export { chained, perEpoch, reduceOnPlateau, sequential, type PlateauOptions } from './schedules/combined.ts';
export type { Schedule, ScheduleState } from './schedules/schedule.ts';
