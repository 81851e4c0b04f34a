import { markup, page, rupiah } from '../support/html.ts'
import type { Markup } from '../support/html.ts'
import { chargeOf } from './methods.ts'
import type { MidtransState, SnapSession, Transaction, TransactionStatus } from './state.ts'
import { localTime } from './state.ts'
import { isRefundable } from './transactions.ts'

const words: Record<TransactionStatus, string> = { pending: 'Menunggu pembayaran', capture: 'Diterima', settlement: 'Lunas', deny: 'Ditolak', cancel: 'Dibatalkan', expire: 'Kedaluwarsa', failure: 'Gagal', refund: 'Dikembalikan', partial_refund: 'Dikembalikan sebagian', chargeback: 'Ditarik kembali', partial_chargeback: 'Ditarik sebagian' }
const shell = (title: string, body: Markup, options: { narrow?: boolean, refreshSeconds?: number } = {}) => page({ title, system: 'Midtrans (simulator)', home: '/', lang: 'id', body, ...options })
const act = (transaction: Transaction, action: string, label: string, back: string, look = '') => markup`<form method="post" action="/simulator/transactions/${transaction.id}/${action}"><input type="hidden" name="back" value="${back}"><button class="${look}">${label}</button></form>`
const when = (at: number) => markup`<span class="num">${localTime(at)} WIB</span>`

const lines = (items: Transaction['items']) => items.length ? markup`<table>${items.map(item => markup`<tr><td>${item.name}${item.quantity > 1 ? ` × ${item.quantity}` : ''}</td><td class="num">${rupiah(item.price * item.quantity)}</td></tr>`)}</table>` : ''

function instructions(transaction: Transaction): Markup {
  const { details } = transaction
  const va = (details.va_numbers as { bank: string, va_number: string }[] | undefined)?.[0]
  if (va) return markup`<p>Nomor virtual account ${va.bank.toUpperCase()}</p><p class="code num">${va.va_number}</p>`
  if (details.permata_va_number) return markup`<p>Nomor virtual account Permata</p><p class="code num">${String(details.permata_va_number)}</p>`
  if (details.bill_key) return markup`<p>Mandiri Bill Payment</p><p>Kode perusahaan <span class="code num">${String(details.biller_code)}</span></p><p>Kode bayar <span class="code num">${String(details.bill_key)}</span></p>`
  return markup`<p>Pindai kode QR ini dengan aplikasi bank atau dompet Anda.</p><p><img class="qr" alt="Kode QRIS" src="/v2/qris/${transaction.id}/qr-code"></p><p><a href="/scan/${transaction.id}">Buka sebagai ponsel yang memindai</a></p>`
}

/** Where the buyer goes back to, with what Midtrans adds to the address. */
export function finishAddress(session: SnapSession, transaction: Transaction | undefined): string | null {
  if (!session.finishUrl) return null
  try {
    const url = new URL(session.finishUrl)
    url.searchParams.set('order_id', session.orderId)
    url.searchParams.set('status_code', transaction?.status === 'settlement' ? '200' : transaction?.status === 'pending' ? '201' : '202')
    url.searchParams.set('transaction_status', transaction?.status ?? 'pending')
    return url.href
  } catch {
    return null
  }
}

export function snapPage(session: SnapSession, transaction: Transaction | undefined, now: number): string {
  const head = markup`<h1>Pembayaran ${session.orderId}</h1><div class="card"><p class="soft">Total</p><p class="big num">${rupiah(session.amount)}</p>${lines(session.items)}</div>`
  const finish = finishAddress(session, transaction)
  const back = finish ? markup`<p><a class="button" href="${finish}">Kembali ke toko</a></p>` : ''
  const here = `/snap/v3/redirection/${session.token}`
  if (session.canceledAt !== null) return shell('Dibatalkan', markup`${head}<div class="card"><p class="cancel">Halaman pembayaran ini sudah dibatalkan.</p>${back}</div>`, { narrow: true })
  if (!transaction && session.pageExpiresAt <= now) return shell('Kedaluwarsa', markup`${head}<div class="card"><p class="expire">Halaman pembayaran ini sudah kedaluwarsa.</p>${back}</div>`, { narrow: true })
  if (!transaction) {
    return shell('Pilih cara bayar', markup`${head}<h2>Pilih cara bayar</h2><div class="methods">${session.methods.map(method => markup`<form method="post" action="${here}"><input type="hidden" name="method" value="${method}"><button>${chargeOf[method].label}</button></form>`)}</div>${back}`, { narrow: true })
  }
  const actions = transaction.status === 'pending'
    ? markup`<div class="row">${act(transaction, 'pay', 'Bayar', 'finish', 'main')}${act(transaction, 'fail', 'Gagalkan', here, 'bad')}${act(transaction, 'expire', 'Biarkan kedaluwarsa', here)}</div>`
    : ''
  return shell(words[transaction.status], markup`${head}<div class="card"><p class="${transaction.status}">${words[transaction.status]}</p>${transaction.status === 'pending' ? markup`${instructions(transaction)}<p class="soft">Bayar sebelum ${when(transaction.expiresAt)}</p>` : ''}${actions}</div>${back}`, { narrow: true })
}

/** What a phone shows after scanning a QRIS code. */
export function scanPage(transaction: Transaction | undefined): string {
  if (!transaction) return shell('Pindai QRIS', markup`<h1>Pindai QRIS</h1><div class="card"><form method="get" action="/scan"><p><label for="q">Tempel isi kode QR, nomor virtual account, atau nomor pesanan</label></p><p><textarea id="q" name="q" rows="4" required></textarea></p><p><button class="main">Pindai</button></p></form></div>`, { narrow: true })
  const body = transaction.status === 'pending' ? markup`<div class="row">${act(transaction, 'pay', `Bayar ${rupiah(transaction.amount)}`, `/scan/${transaction.id}`, 'main')}${act(transaction, 'fail', 'Gagalkan', `/scan/${transaction.id}`, 'bad')}</div>` : markup`<p class="${transaction.status}">${words[transaction.status]}</p>`
  return shell('Bayar', markup`<h1>Bayar ke GARDU SIMULATOR</h1><div class="card"><p class="soft">${transaction.orderId}</p><p class="big num">${rupiah(transaction.amount)}</p>${body}</div>`, { narrow: true })
}

/** Everything that was charged, with what a person may do to it. */
export function transactionsPage(state: MidtransState): string {
  const rows = [...state.transactions].reverse().slice(0, 200).map(t => markup`<tr><td>${t.orderId}<br><span class="soft num">${localTime(t.createdAt)}</span></td><td>${t.paymentType}</td><td class="num">${rupiah(t.amount)}</td><td class="${t.status}">${words[t.status]}</td><td><div class="row">
    ${t.status === 'pending' ? [act(t, 'pay', 'Bayar', '/', 'main'), act(t, 'expire', 'Kedaluwarsa', '/'), act(t, 'fail', 'Gagalkan', '/', 'bad')] : ''}${t.status === 'expire' || t.status === 'cancel' ? act(t, 'pay', 'Bayar juga (terlambat)', '/') : ''}${t.status === 'settlement' ? [act(t, 'notify', 'Kirim ulang notifikasi', '/'), act(t, 'reverse', 'Tarik kembali', '/', 'bad'), act(t, 'chargeback', 'Charge-back', '/', 'bad')] : ''}${isRefundable(t) ? act(t, 'refund', 'Refund di dasbor', '/') : ''}${t.refunds.some(r => r.refund_key && !r.bank_confirmed_at) ? act(t, 'confirm', 'Konfirmasi bank', '/') : ''}</div></td></tr>`)
  const deliveries = [...state.deliveries].reverse().slice(0, 30).map(d => markup`<tr><td>${d.orderId}</td><td class="${d.status}">${d.status}</td><td>${d.url}</td><td class="${d.outcome === 'delivered' ? 'ok' : d.outcome === 'waiting' ? 'pending' : 'failed'}">${d.outcome}</td><td class="num">${d.tries.map(t => t.answer).join(', ') || '–'}</td></tr>`)
  const open = state.sessions.filter(s => s.transactionId === null && s.canceledAt === null).reverse().slice(0, 20).map(s => markup`<tr><td>${s.orderId}</td><td class="num">${rupiah(s.amount)}</td><td><a href="/snap/v3/redirection/${s.token}">Buka halaman bayar</a></td></tr>`)
  return shell('Transaksi', markup`<h1>Transaksi</h1><p><a class="button" href="/scan">Pindai QRIS</a></p>
${rows.length ? markup`<div class="card scroll"><table><tr><th>Pesanan</th><th>Cara</th><th>Jumlah</th><th>Status</th><th>Tindakan</th></tr>${rows}</table></div>` : markup`<div class="card">Belum ada transaksi. Buat pesanan di Gardu lalu mulai pembayaran: transaksinya muncul di sini.</div>`}
${open.length ? markup`<h2>Halaman Snap yang terbuka</h2><div class="card scroll"><table>${open}</table></div>` : ''}
${deliveries.length ? markup`<h2>Notifikasi</h2><div class="card scroll"><table><tr><th>Pesanan</th><th>Status</th><th>Tujuan</th><th>Hasil</th><th>Jawaban</th></tr>${deliveries}</table></div>` : ''}`, { refreshSeconds: 15 })
}
export const missingPage = () => shell('Tidak ditemukan', markup`<h1>Tidak ditemukan</h1><p>Alamat ini tidak dikenal.</p>`)
