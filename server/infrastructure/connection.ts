import { z } from 'zod'
import { fieldError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { TlsMode } from '#shared/vocabulary/machines.ts'
import type { ConnectionFields, ConnectionRecord } from './ports.ts'

const canonicalUrl = z.url({ protocol: /^https?$/, normalize: true })

/** A connection as staff type it. */
export interface ConnectionInput extends Pick<ConnectionFields, 'kind' | 'name' | 'url' | 'tokenId' | 'maintenance' | 'storage' | 'bridge' | 'nodes'> {
  readonly tls: { readonly mode: TlsMode, readonly caPem: string | null, readonly fingerprint: string | null }, readonly tokenSecret?: string | undefined, readonly backupStorage?: string | undefined, readonly console?: boolean | undefined
}

/** Link-local networks and the metadata services of clouds; private networks are where hypervisors live. */
const refusedHost = (host: string): boolean =>
  /^(169\.254\.|0\.|22[4-9]\.|23\d\.|100\.100\.100\.200$|192\.0\.0\.192$)/.test(host) || /^\[(fe[89ab]|ff|fd00:ec2::254\]|::\]|::ffff:a9fe:)/.test(host) || /^metadata(\.google\.internal)?\.?$/.test(host)

/**
 * What is stored of the input: only the origin of the address, only the trust material that the mode uses.
 * @throws AppError invalid_input
 */
export function toConnectionFields(input: ConnectionInput): ConnectionFields {
  const { tls: _, tokenSecret: __, ...fields } = input
  // A panel carries accounts, not machines: what says where machines are built means nothing there.
  const place = isPanel(input.kind) ? { storage: '', bridge: '', nodes: [], backupStorage: '', console: false } : { backupStorage: input.kind === 'proxmox' ? input.backupStorage ?? '' : '', console: input.kind !== 'proxmox' && input.console === true }
  return { ...fields, ...place, ...toReached(input) }
}

/** How a remote is reached, as it is stored: an origin that may be spoken to, and what the mode trusts by. @throws AppError invalid_input */
export function toReached({ url, tls }: Pick<ConnectionInput, 'url' | 'tls'>): Pick<ConnectionFields, 'url' | 'tlsMode' | 'tlsCaPem' | 'tlsFingerprint'> {
  // Normalised first, so that an address cannot hide behind another notation (0xA9FEA9FE, 2852039166, upper case).
  const normal = canonicalUrl.safeParse(url)
  if (!normal.success) throw fieldError('url', 'url_scheme')
  const [, origin, host] = /^(https?:\/\/([^/?#@:[\]]+|\[[^\]]+\])(?::\d+)?)\/$/.exec(normal.data) ?? []
  if (!origin || !host) throw fieldError('url', 'url_only_origin')
  if (refusedHost(host)) throw fieldError('url', 'url_refused')
  if (tls.mode === 'ca' && !/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(tls.caPem ?? '')) throw fieldError('tls.caPem', 'ca_required')
  if (tls.mode === 'fingerprint' && !tls.fingerprint) throw fieldError('tls.fingerprint', 'fingerprint_required')
  return { url: origin, tlsMode: tls.mode, tlsCaPem: tls.mode === 'ca' ? tls.caPem : null, tlsFingerprint: tls.mode === 'fingerprint' ? tls.fingerprint : null }
}

/** A token's secret has no spaces around it, whatever was pasted; a password may have. */
export const secretOf = ({ kind, tokenSecret }: Pick<ConnectionInput, 'kind' | 'tokenSecret'>): string | undefined => kind === 'proxmox' || isPanel(kind) ? tokenSecret?.trim() : tokenSecret

/** A kept secret goes only where it was entered for: a new address or token name asks for it again. @throws AppError invalid_input */
export function requireSecretAgain(before: Pick<ConnectionFields, 'url' | 'tokenId'>, after: Pick<ConnectionFields, 'url' | 'tokenId'>): void {
  if (before.url !== after.url || before.tokenId !== after.tokenId) throw fieldError('tokenSecret', 'secret_required_again')
}

export interface ConnectionView {
  id: string, kind: ConnectionFields['kind'], name: string, url: string, tls: { mode: TlsMode, caPem: string | null, fingerprint: string | null }, tokenId: string, maintenance: boolean, storage: string, bridge: string, nodes: string[], backupStorage: string, console: boolean
  healthy: boolean | null, checkedAt: string | null, problem: string | null, version: string | null, filtersApply: boolean | null, templateCount: number, packageCount: number, serviceCount: number
}
/** The secret has no place here: not in answers, not in the audit log. */
export const toConnectionView = (row: ConnectionRecord): ConnectionView => ({
  id: row.id, kind: row.kind, name: row.name, url: row.url, tls: { mode: row.tlsMode, caPem: row.tlsCaPem, fingerprint: row.tlsFingerprint }, tokenId: row.tokenId, maintenance: row.maintenance, storage: row.storage, bridge: row.bridge, nodes: [...row.nodes], backupStorage: row.backupStorage, console: row.console,
  healthy: row.healthy, checkedAt: row.checkedAt?.toISOString() ?? null, problem: row.problem, version: row.version, filtersApply: row.filtersApply, templateCount: row.templateCount, packageCount: row.packageCount, serviceCount: row.serviceCount,
})
/** What of a connection the audit log keeps. */
export const auditedConnection = (row: ConnectionRecord) => {
  const { healthy: _, checkedAt: __, problem: ___, version: ____, filtersApply: _____, templateCount: ______, packageCount: _______, serviceCount: ________, ...kept } = toConnectionView(row)
  return kept
}
