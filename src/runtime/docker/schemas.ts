import { z } from 'zod'

/**
 * The engine's answers are checked before anything follows from them: an answer that lacks what we read, or
 * has something else in its place, is runtime/failed and no fact. What we do not read may be there or not, in
 * any shape: engines from API 1.41 to 1.5x differ in it.
 */

/** Go's empty map may come as null. */
export const labels = z.record(z.string(), z.string()).nullish()

/** What was made, by its id. */
export const createdObject = z.object({ Id: z.string().min(1) })
