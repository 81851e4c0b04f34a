import type { z } from 'zod'
import type { sagaView } from '#shared/contracts/portal.ts'

/** What a task is called to people. */
export function useSagaName() {
  const { t } = useI18n()
  return ({ kind, action }: Pick<z.output<typeof sagaView>, 'kind' | 'action'>): string => {
    if (kind === 'power' && action) return t(`portal.saga.power.${action}`)
    if (kind === 'snapshot') return t(`portal.saga.snapshots.${action}`)
    if (kind === 'backup') return t(`portal.saga.backups.${action}`)
    return (kind === 'access' || kind === 'rescue') && action ? t(`portal.saga.${kind}.${action}`) : t(`portal.saga.${kind}`)
  }
}
