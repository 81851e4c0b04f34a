import type { MailTemplate } from '#shared/vocabulary/mails.ts'
import type { LetterFrame, LetterText } from '../letter-text.ts'

export const frame: LetterFrame = { greeting: 'Halo {{name}},', signature: 'Salam,\n{{seller}}', automatic: 'E-mail ini dikirim otomatis oleh {{seller}}.' }

/** Words of the vocabulary as a sentence says them. */
export const words: Readonly<Record<string, string>> = {
  nonpayment: 'tagihan yang belum dibayar', abuse: 'pelanggaran ketentuan layanan', request: 'permintaan', fraud: 'dugaan penipuan', order_expired: 'pesanan yang tidak dibayar', other: 'alasan lain; silakan hubungi kami',
}

const invoiceDetails = [['Nomor tagihan', '{{number}}'], ['Sisa yang harus dibayar', '{{amount}}'], ['Jatuh tempo', '{{dueOn}}']] as const
const service = [['Layanan', '{{hostname}}'], ['Produk', '{{product}}']] as const
const openInvoice = { label: 'Lihat dan bayar tagihan', url: '{{url}}' }
const openService = { label: 'Buka layanan', url: '{{url}}' }

export const texts: Record<MailTemplate | 'invoice_overdue', LetterText> = {
  verify_email: { subject: 'Kode verifikasi Anda: {{code}}', paragraphs: ['Masukkan kode berikut untuk memverifikasi alamat e-mail Anda. Kode berlaku sepuluh menit dan hanya dapat dipakai sekali.'], code: '{{code}}', closing: ['Jika Anda tidak mendaftar, abaikan e-mail ini; tanpa kode ini akun tidak akan aktif.'] },
  account_exists: { subject: 'Anda sudah memiliki akun', paragraphs: ['Seseorang, mungkin Anda, baru saja mendaftar dengan alamat e-mail ini. Alamat ini sudah memiliki akun; tidak ada yang berubah.'], action: { label: 'Masuk', url: '{{loginUrl}}' }, closing: ['Lupa kata sandi? Di halaman masuk, pilih "Lupa kata sandi". Jika bukan Anda yang mendaftar, tidak ada yang perlu dilakukan.'] },
  reset_password: { subject: 'Kode untuk mengatur ulang kata sandi: {{code}}', paragraphs: ['Masukkan kode berikut untuk mengatur kata sandi baru. Kode berlaku sepuluh menit dan hanya dapat dipakai sekali.'], code: '{{code}}', closing: ['Jika bukan Anda yang meminta, abaikan e-mail ini; kata sandi Anda tetap sama. Jangan berikan kode ini kepada siapa pun, termasuk kepada kami.'] },
  password_changed: { subject: 'Kata sandi Anda telah diubah', paragraphs: ['Kata sandi akun Anda diubah pada {{at}}. Sesi di perangkat lain telah diakhiri.'], closing: ['Jika bukan Anda yang mengubahnya, segera atur ulang kata sandi melalui "Lupa kata sandi" dan hubungi kami.'] },
  sign_in_locked: { subject: 'Terlalu banyak percobaan masuk yang salah', paragraphs: ['Pada {{at}} terlalu banyak percobaan masuk ke akun Anda yang salah. Untuk melindunginya, akun dikunci selama sekitar {{minutes}} menit; setelah itu Anda dapat masuk seperti biasa.'], closing: ['Jika bukan Anda, kata sandi Anda tetap aman. Kami menyarankan untuk mengaktifkan autentikasi dua faktor.'] },
  invoice_issued: { subject: 'Tagihan {{number}} sebesar {{amount}}', paragraphs: ['Tagihan baru untuk Anda telah terbit.'], details: [['Nomor tagihan', '{{number}}'], ['Total', '{{total}}'], ['Sisa yang harus dibayar', '{{amount}}'], ['Jatuh tempo', '{{dueOn}}']], action: openInvoice },
  invoice_reminder: { subject: 'Pengingat: tagihan {{number}} jatuh tempo {{dueOn}}', paragraphs: ['Tagihan untuk {{hostname}} belum dibayar. Mohon dibayar sebelum jatuh tempo agar layanan tidak terganggu.'], details: [...invoiceDetails, ...service], action: openInvoice, closing: ['Sudah membayar? Pembayaran biasanya tercatat dalam beberapa menit; abaikan pengingat ini.'] },
  invoice_overdue: { subject: 'Tagihan {{number}} telah lewat jatuh tempo', paragraphs: ['Tagihan untuk {{hostname}} jatuh tempo pada {{dueOn}} dan belum dibayar. Bila tetap belum dibayar, layanan akan ditangguhkan pada {{suspendOn}}.'], details: [...invoiceDetails, ...service, ['Penangguhan', '{{suspendOn}}']], action: openInvoice, closing: ['Sudah membayar? Pembayaran biasanya tercatat dalam beberapa menit; abaikan pengingat ini.'] },
  final_notice: { subject: 'Pemberitahuan terakhir: {{hostname}} akan ditangguhkan pada {{suspendOn}}', paragraphs: ['Tagihan {{number}} masih belum dibayar. Ini pemberitahuan terakhir sebelum {{hostname}} ditangguhkan. Saat ditangguhkan, server dimatikan; data Anda tetap disimpan sampai {{terminateOn}}, setelah itu layanan diakhiri dan datanya dihapus.'], details: [...invoiceDetails, ...service, ['Penangguhan', '{{suspendOn}}'], ['Pengakhiran', '{{terminateOn}}']], action: openInvoice },
  invoice_paid: { subject: 'Pembayaran tagihan {{number}} diterima', paragraphs: ['Terima kasih. Tagihan {{number}} telah lunas.'], details: [['Nomor tagihan', '{{number}}'], ['Total', '{{total}}'], ['Lunas pada', '{{paidOn}}']], action: { label: 'Lihat tagihan', url: '{{url}}' } },
  payment_to_credit: { subject: 'Dana {{amount}} masuk ke saldo Anda', paragraphs: ['Kami menerima {{amount}} untuk tagihan {{number}}, tetapi tagihan itu sudah lunas atau tidak lagi dapat dibayar. Dana tidak hilang: seluruhnya kami catat sebagai saldo Anda dan dipakai untuk tagihan berikutnya.'], action: { label: 'Lihat tagihan', url: '{{url}}' } },
  order_expired: { subject: 'Pesanan {{number}} kedaluwarsa', paragraphs: ['Pesanan {{number}} tidak dibayar sampai batas waktunya dan kedaluwarsa pada {{expiredOn}}. Tagihan {{invoice}} dibatalkan; Anda tidak dikenai biaya. Silakan memesan lagi kapan saja.'], action: { label: 'Lihat pesanan', url: '{{url}}' } },
  service_ready: { subject: '{{hostname}} siap dipakai', paragraphs: ['Layanan Anda telah selesai dibangun dan diperiksa. Alamat IP, nama pengguna, dan kata sandi awal dapat dilihat di halaman layanan.'], details: service, action: openService },
  service_resumed: { subject: '{{hostname}} aktif kembali', paragraphs: ['Layanan Anda telah diaktifkan kembali dan servernya sudah berjalan.'], details: service, action: openService },
  service_suspended: { subject: '{{hostname}} ditangguhkan', paragraphs: ['Layanan Anda ditangguhkan karena {{reason}}. Server dimatikan; data Anda tetap disimpan.'], details: service, action: openService, closing: ['Bila penyebabnya tagihan yang belum dibayar, layanan kembali aktif dengan sendirinya begitu tagihan lunas.'] },
  service_ended: { subject: '{{hostname}} telah diakhiri', paragraphs: ['Layanan Anda telah diakhiri karena {{reason}}.'], details: service, action: openService, closing: ['Terima kasih telah memakai layanan kami.'] },
}
