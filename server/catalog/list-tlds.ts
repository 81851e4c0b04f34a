import { toTldView } from './catalog-view.ts'
import type { TldView } from './catalog-view.ts'
import type { TldStore } from './ports.ts'

/** Suffixes on sale with the prices of registration and renewal, without PPN. */
export const listTlds = ({ tlds }: { readonly tlds: TldStore }) => async (): Promise<{ items: TldView[] }> => ({ items: (await tlds.listActive()).map(toTldView) })
