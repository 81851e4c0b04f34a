import type { Locale } from '#shared/vocabulary/catalog.ts'
import type { SagaStatus } from '#shared/vocabulary/machines.ts'

/** Sentences that are made on the server because they are made of records: what went on with a service, in the reader's language. */
const activity: Record<Locale, Record<string, string>> = {
  id: {
    'service:active': '{hostname} aktif', 'service:past_due': '{hostname} menunggak', 'service:suspended': '{hostname} ditangguhkan', 'service:ended': '{hostname} berakhir',
    'resource:provisioning': '{hostname} mulai dibangun', 'resource:ready': 'Mesin {hostname} siap', 'resource:stopped_by_policy': 'Mesin {hostname} dihentikan', 'resource:destroying': 'Mesin {hostname} mulai dihapus', 'resource:destroyed': 'Mesin {hostname} telah dihapus', 'resource:error': 'Mesin {hostname} perlu diperiksa tim kami',
  },
  en: {
    'service:active': '{hostname} is active', 'service:past_due': '{hostname} is past due', 'service:suspended': '{hostname} was suspended', 'service:ended': '{hostname} has ended',
    'resource:provisioning': '{hostname} is being built', 'resource:ready': 'The machine of {hostname} is ready', 'resource:stopped_by_policy': 'The machine of {hostname} was stopped', 'resource:destroying': 'The machine of {hostname} is being removed', 'resource:destroyed': 'The machine of {hostname} was removed', 'resource:error': 'The machine of {hostname} needs a look by our team',
  },
}
const reasons: Record<Locale, Record<'waiting' | 'failed', string>> = {
  id: { waiting: 'Belum berhasil; dicoba lagi secara otomatis.', failed: 'Belum berhasil. Tim kami melihatnya dan akan melanjutkannya; tidak ada yang perlu Anda lakukan.' },
  en: { waiting: 'It did not work yet; it is tried again by itself.', failed: 'It did not work yet. Our team sees it and will carry on; there is nothing you need to do.' },
}

/** A sentence for a change of state; null for one that says nothing to a client. */
export const activityText = (entity: string, to: string, hostname: string, locale: Locale): string | null => activity[locale][`${entity}:${to}`]?.replace('{hostname}', hostname) ?? null
export const clientReason = (status: SagaStatus, locale: Locale): string => reasons[locale][status === 'failed' ? 'failed' : 'waiting']
