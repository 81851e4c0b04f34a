import type { SimMachine } from './state.ts'

/** The addresses that stand in a container's own configuration: its filter lets them pass by itself. */
export const fixedAddresses = (machine: SimMachine | undefined): string[] => machine?.kind === 'lxc' ? [...(machine.config.net0 ?? '').matchAll(/(?:^|,)ip6?=([\d.:a-f]+)\/\d+/gi)].map(found => found[1] ?? '') : []
