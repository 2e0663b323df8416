/** By what `flotilla top` puts flotillas in order. Apart from what draws them: --help needs no more. */
export const topOrders = ['ops', 'memory', 'clients', 'lag', 'name'] as const

export type TopOrder = (typeof topOrders)[number]
