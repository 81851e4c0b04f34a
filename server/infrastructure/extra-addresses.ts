/** An IPv4 address of a machine. `ordinal` 0: its first one, by which it is reached; it goes with the machine alone. `leavesFirst`: its client wants it to go before the others. */
export interface HeldIpv4 { readonly ipv4: string, readonly prefixLength: number, readonly ordinal: number, readonly leavesFirst: boolean, readonly reserved: boolean }

/**
 * Of the addresses beside the first one: those that stay when so many are sold, and those that go back. Those that the client named go first, then the newest. The first
 * address is never among them, and no more go than are too many. Pure.
 */
export function splitExtra<T extends Pick<HeldIpv4, 'ordinal' | 'leavesFirst'>>(held: readonly T[], sold: number): { readonly stay: readonly T[], readonly leave: readonly T[] } {
  const extra = held.filter(({ ordinal }) => ordinal > 0)
  const order = extra.toSorted((a, b) => Number(a.leavesFirst) - Number(b.leavesFirst) || a.ordinal - b.ordinal)
  const byPlace = (list: readonly T[]) => list.toSorted((a, b) => a.ordinal - b.ordinal)
  return { stay: byPlace(order.slice(0, Math.max(0, sold))), leave: byPlace(order.slice(Math.max(0, sold))) }
}
