import type { DetailRow, DetailWindow } from './ports.ts'

/** Rows behind a number, page by page in a fixed order. */
export type DetailSource = (window: DetailWindow) => Promise<readonly DetailRow[]>

/** Several sources one after the other: the cursor says which one it stands in. */
export const inTurn = (...sources: readonly DetailSource[]): DetailSource => async ({ after, limit }) => {
  const found: DetailRow[] = []
  const [, place = '0', inner = ''] = /^(\d)!(.*)$/.exec(after ?? '') ?? []
  for (let i = Number(place); i < sources.length && found.length < limit; i += 1) {
    const page = await sources[i]?.({ after: i === Number(place) && inner ? inner : null, limit: limit - found.length }) ?? []
    found.push(...page.map(row => ({ ...row, cursor: `${i}!${row.cursor}` })))
  }
  return found
}

/**
 * One page and, if there is more, the cursor behind it. @throws whatever the source throws
 */
export async function detailPage(source: DetailSource, { after, limit }: DetailWindow): Promise<{ rows: readonly DetailRow[], next: string | null }> {
  const rows = await source({ after, limit: limit + 1 })
  return { rows: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1]?.cursor ?? null : null }
}

const exportPage = 5_000
/** All rows, one page in memory at a time. */
export async function* everyDetail(source: DetailSource): AsyncGenerator<DetailRow> {
  for (let after: string | null = null; ;) {
    const page: readonly DetailRow[] = await source({ after, limit: exportPage })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < exportPage) return
    after = last.cursor
  }
}
