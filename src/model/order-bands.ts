/**
 * The order in which things may happen, as bands in time. Each part of the planner says in which band an
 * action belongs; its place within the band is its kind's (see actions/). What has one place runs
 * concurrently, as one stage of the plan.
 */
export const orderBands = [
  // First: what is not written down is not begun, and who may still take writes is killed before anybody else
  // may. Then what can fail without harm, because nothing has been touched yet.
  'prepare',
  // A container's files are corrected before it starts. The master starts at the end of this band, because a
  // replica that asks for an address before anybody answers there is made to wait a second by the kernel (an
  // unanswered ARP request).
  'create',
  // All that runs is up before masters change, so that each may be the most up-to-date one.
  'start',
  // Before the promotion: a Flotilla that dies half way leaves no master, never two.
  'demote',
  // Before the names, or beside them where clients wait for both, so that the name never leads for longer
  // than two renames take to a node that can't take writes.
  'promote',
  // A name has one holder, so it is given up before it is taken.
  'release-name',
  // Clients of an old master are disconnected while their writes still wait, or they would be told READONLY
  // first. They come back to the name, so it leads to the new master by then.
  'take-name',
  // The operation ends when clients are served, which is before the others follow.
  'end',
  // Networks are left and ports opened before a node reconnects, and it is configured once it follows.
  'follow',
  // What takes something from a running node comes after what gives: no memory, port or file is missed by
  // then.
  'settle',
  // A network that clients live on is joined late, because it is not ours and may be broken. Nothing is
  // removed before all that is new follows.
  'finish',
  // After all else: a user that a server won't take must not keep anything else from being done.
  'access',
] as const

export type OrderBand = (typeof orderBands)[number]
