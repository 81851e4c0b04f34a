import { markup, page, rupiah } from '../support/html.ts'
import type { Markup } from '../support/html.ts'
import { channels } from './state.ts'
import type { Channel, Session, SessionStatus, XenditState } from './state.ts'

const words: Record<SessionStatus, string> = { ACTIVE: 'Menunggu pembayaran', COMPLETED: 'Lunas', EXPIRED: 'Kedaluwarsa', CANCELED: 'Dibatalkan' }
const looks: Record<SessionStatus, string> = { ACTIVE: 'pending', COMPLETED: 'ok', EXPIRED: 'expire', CANCELED: 'cancel' }
const channelNames: Record<Channel, string> = { BCA_VIRTUAL_ACCOUNT: 'BCA Virtual Account', BRI_VIRTUAL_ACCOUNT: 'BRI Virtual Account', QRIS: 'QRIS', DANA: 'DANA', CARDS: 'Kartu kredit atau debit' }
const shell = (title: string, body: Markup, options: { narrow?: boolean, refreshSeconds?: number } = {}) => page({ title, system: 'Xendit (simulator)', home: '/', lang: 'id', body, ...options })
const act = (session: Session, action: string, label: string, back: string, options: { look?: string, channel?: Channel } = {}) => markup`<form method="post" action="/simulator/sessions/${session.id}/${action}"><input type="hidden" name="back" value="${back}">${options.channel ? markup`<input type="hidden" name="channel" value="${options.channel}">` : ''}<button class="${options.look ?? ''}">${label}</button></form>`
const when = (at: number) => markup`<span class="num">${new Date(at + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')} WIB</span>`

/** The hosted page of one session: a person chooses a channel and pays. */
export function payPage(session: Session): string {
  const here = `/pay/${session.link}`
  const back = session.status === 'COMPLETED' ? session.successUrl : session.cancelUrl
  const leave = back ? markup`<p><a class="button" href="${back}">Kembali ke toko</a></p>` : markup`<p class="soft">Anda boleh menutup halaman ini dan kembali ke toko.</p>`
  const items = session.items.length > 0 ? markup`<table>${session.items.map(item => markup`<tr><td>${item.name}</td><td class="num">${rupiah(item.net_unit_amount * item.quantity)}</td></tr>`)}</table>` : ''
  const head = markup`<h1>Pembayaran ${session.referenceId}</h1><div class="card"><p class="soft">Total</p><p class="big num">${rupiah(session.amount)}</p>${items}</div>`
  if (session.status !== 'ACTIVE') return shell(words[session.status], markup`${head}<div class="card"><p class="${looks[session.status]}">${words[session.status]}</p></div>${leave}`, { narrow: true })
  return shell('Pilih cara bayar', markup`${head}<h2>Bayar dengan</h2><div class="methods">${channels.map(channel => act(session, 'pay', channelNames[channel], here, { channel, ...(channel === 'QRIS' ? { look: 'main' } : {}) }))}</div>
<div class="card"><p class="soft">Bayar sebelum ${when(session.expiresAt)}</p><div class="row">${act(session, 'fail', 'Gagalkan', here, { look: 'bad' })}${act(session, 'expire', 'Biarkan kedaluwarsa', here)}</div></div>${leave}`, { narrow: true })
}

/** Every session, with what a person may do to it, and what became of its webhooks. */
export function sessionsPage(state: XenditState): string {
  const rows = [...state.sessions].reverse().slice(0, 200).map(session => markup`<tr><td><a href="/pay/${session.link}">${session.referenceId}</a><br><span class="soft">${when(session.createdAt)}</span></td><td class="num">${rupiah(session.amount)}</td><td class="${looks[session.status]}">${words[session.status]}</td><td><div class="row">
    ${session.status === 'ACTIVE' ? [act(session, 'pay', 'Bayar', '/', { look: 'main' }), act(session, 'expire', 'Kedaluwarsa', '/'), act(session, 'fail', 'Gagalkan', '/', { look: 'bad' })] : ''}${session.status === 'EXPIRED' || session.status === 'CANCELED' ? act(session, 'pay', 'Bayar juga (terlambat)', '/') : ''}${session.status === 'COMPLETED' ? [act(session, 'notify', 'Kirim ulang notifikasi', '/'), act(session, 'refund', 'Kembalikan dari dasbor', '/'), ...state.refunds.some(refund => refund.requestId === session.paymentRequestId && refund.status === 'PENDING') ? [act(session, 'confirm', 'Bank mengonfirmasi pengembalian', '/')] : []] : ''}</div></td></tr>`)
  const deliveries = [...state.deliveries].reverse().slice(0, 30).map(delivery => markup`<tr><td>${delivery.about}</td><td>${delivery.event}</td><td>${delivery.url}</td><td class="${delivery.outcome === 'delivered' ? 'ok' : delivery.outcome === 'waiting' ? 'pending' : 'failed'}">${delivery.outcome}</td><td class="num">${delivery.tries.map(one => one.answer).join(', ') || '–'}</td></tr>`)
  return shell('Sesi pembayaran', markup`<h1>Sesi pembayaran</h1>
${rows.length > 0 ? markup`<div class="card scroll"><table><tr><th>Referensi</th><th>Jumlah</th><th>Status</th><th>Tindakan</th></tr>${rows}</table></div>` : markup`<div class="card">Belum ada sesi. Buat pesanan di Gardu lalu bayar dengan Xendit: sesinya muncul di sini.</div>`}
${deliveries.length > 0 ? markup`<h2>Notifikasi</h2><div class="card scroll"><table><tr><th>Referensi</th><th>Peristiwa</th><th>Tujuan</th><th>Hasil</th><th>Jawaban</th></tr>${deliveries}</table></div>` : ''}`, { refreshSeconds: 15 })
}
export const missingPage = () => shell('Tidak ditemukan', markup`<h1>Tidak ditemukan</h1><p>Alamat ini tidak dikenal.</p>`)
