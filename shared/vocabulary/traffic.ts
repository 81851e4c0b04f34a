/** What of a machine's traffic counts against what its plan includes. */
export const trafficCounts = ['both', 'out'] as const
export type TrafficCount = typeof trafficCounts[number]
/** Traffic that a plan includes each month. A plan without it includes any amount. */
export interface TrafficTerms { readonly limitGiB: number, readonly counts: TrafficCount, /** What the machine is slowed down to beyond it; null: it is told alone. */ readonly slowMbps: number | null }
export interface Traffic { readonly bytesIn: number, readonly bytesOut: number }
const gibi = 1024 ** 3
export const limitBytes = ({ limitGiB }: Pick<TrafficTerms, 'limitGiB'>): number => limitGiB * gibi
/** Bytes that count; without terms all of them. */
export const countedBytes = (terms: Pick<TrafficTerms, 'counts'> | null, { bytesIn, bytesOut }: Traffic): number => terms?.counts === 'out' ? bytesOut : bytesIn + bytesOut
/** Shares of the limit at which a client is told. */
export const trafficSteps = [80, 100] as const
export type TrafficStep = typeof trafficSteps[number]
