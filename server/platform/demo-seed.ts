import { sql } from 'drizzle-orm'
import type { Executor } from '#db/client.ts'
import { addresses, addressPools, bankAccounts, billingTerms, clientProfiles, connections, ipv6Pools, isoImages, packages, productConnections, productOptionChoices, productOptionPrices, productOptions, productPrices, products, productTemplates, productTerms, promoCodes, reverseDnsSettings, templates, tlds, users } from '#db/schema/index.ts'
import { monthsOfCycle } from '#shared/vocabulary/billing.ts'
import type { RecurringCycle } from '#shared/vocabulary/billing.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import type { Core } from './core.ts'

/** A simulated remote of the demo, as `scripts/demo.ts` hands it over. */
export interface DemoConnection { readonly url: string, readonly tokenId: string, readonly tokenSecret: string, readonly fingerprint: string | null }
/** The simulated name server, likewise. */
export interface DemoNameServer { readonly url: string, readonly apiKey: string }
export interface DemoRemotes { readonly hypervisor: DemoConnection | null, readonly panel: DemoConnection | null, readonly nameServer: DemoNameServer | null }

export const demoPassword = 'Gardu-demo-2026'
const people: [Role, string][] = [['client', 'Sari Wulandari'], ['sysadmin', 'Bagus Pratama'], ['business', 'Dewi Lestari'], ['finance', 'Rina Kusuma'], ['owner', 'Hendra Wijaya']]

const accounts = [['BCA', '1234567890'], ['Mandiri', '1060055988896']] as const

const plans = [
  { slug: 'vps-rinjani-1', name: 'VPS Rinjani 1', cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100, monthly: 50_000n, featured: false, id: 'Untuk situs pribadi, bot, dan belajar Linux.', en: 'For personal sites, bots and learning Linux.' },
  { slug: 'vps-rinjani-2', name: 'VPS Rinjani 2', cpuCores: 2, ramMiB: 2048, diskGiB: 40, rateMbps: 200, monthly: 100_000n, featured: true, id: 'Untuk toko daring dan aplikasi yang mulai ramai.', en: 'For online shops and apps that begin to grow.' },
  { slug: 'vps-rinjani-4', name: 'VPS Rinjani 4', cpuCores: 4, ramMiB: 4096, diskGiB: 80, rateMbps: 300, monthly: 200_000n, featured: false, id: 'Untuk beberapa situs, basis data, dan antrean kerja.', en: 'For several sites, databases and job queues.' },
  { slug: 'vps-rinjani-8', name: 'VPS Rinjani 8', cpuCores: 8, ramMiB: 8192, diskGiB: 160, rateMbps: 500, monthly: 400_000n, featured: false, id: 'Untuk beban produksi yang memerlukan ruang gerak.', en: 'For production loads that need headroom.' },
] as const
/** Percent taken off by paying longer ahead. */
const discounts: Record<RecurringCycle, bigint> = { monthly: 0n, quarterly: 5n, semiannually: 8n, annually: 15n, biennially: 20n, triennially: 25n }

const images = [
  { ref: '9000', name: 'debian-12-cloudinit', osFamily: 'debian', username: 'debian', diskGiB: 3 },
  { ref: '9001', name: 'ubuntu-2404-cloudinit', osFamily: 'ubuntu', username: 'ubuntu', diskGiB: 4 },
  { ref: '9002', name: 'almalinux-9-cloudinit', osFamily: 'almalinux', username: 'almalinux', diskGiB: 10 },
]

const company = { id: 'Perlu KTP penanggung jawab dan izin usaha (NIB, SIUP, TDP, atau akta).', en: 'Needs the identity card of the person in charge and a business permit (NIB, SIUP, TDP or deed).' }
const person = { id: 'Perlu KTP atau paspor.', en: 'Needs an identity card or passport.' }
const suffixes: [suffix: string, register: bigint, renew: bigint, requirement: { id: string, en: string } | null][] = [
  ['com', 165_000n, 189_000n, null], ['id', 219_000n, 239_000n, null], ['co.id', 275_000n, 299_000n, company], ['my.id', 12_000n, 25_000n, null], ['web.id', 45_000n, 55_000n, person], ['biz.id', 35_000n, 55_000n, null],
  ['or.id', 50_000n, 60_000n, { id: 'Perlu KTP dan akta notaris atau surat organisasi.', en: 'Needs an identity card and a notarial deed or a letter of the organisation.' }],
  ['sch.id', 50_000n, 60_000n, { id: 'Perlu KTP, SK pendirian, dan surat kepala sekolah.', en: 'Needs an identity card, the founding decree and a letter of the head of the school.' }],
  ['ac.id', 50_000n, 60_000n, { id: 'Perlu KTP, SK pendirian, dan surat pimpinan perguruan tinggi.', en: 'Needs an identity card, the founding decree and a letter of the head of the university.' }],
  ['net', 199_000n, 229_000n, null], ['org', 189_000n, 219_000n, null], ['xyz', 35_000n, 225_000n, null], ['dev', 225_000n, 245_000n, null], ['app', 245_000n, 265_000n, null], ['online', 25_000n, 525_000n, null], ['store', 25_000n, 795_000n, null],
]

/**
 * Fills an empty database with the demo's catalogue, accounts and hypervisor, in one transaction; a database with a user in it stays as it
 * is. The addresses of hypervisor, hosting server and name server are renewed at each start, because the simulators' port may have moved. Nothing remote is asked.
 */
export async function seedDemo(core: Pick<Core, 'database' | 'clock' | 'newId' | 'passwords' | 'secrets' | 'log'>, { hypervisor, panel, nameServer }: DemoRemotes): Promise<'seeded' | 'present'> {
  const { executor } = core.database
  const [{ count } = { count: 0 }] = await executor.select({ count: sql<number>`count(*)::int` }).from(users)
  if (count > 0) {
    if (hypervisor) await executor.update(connections).set(reach(hypervisor, core)).where(sql`${connections.name} = 'Jakarta'`)
    if (panel) await executor.update(connections).set(reach(panel, core)).where(sql`${connections.name} = ${panelName} and ${connections.kind} = 'whm'`)
    if (nameServer) await executor.update(reverseDnsSettings).set({ url: nameServer.url, apiKey: core.secrets.seal(nameServer.apiKey) }).where(sql`${reverseDnsSettings.template} = ${nameTemplate}`)
    return 'present'
  }
  // Hashed before the transaction: scrypt is slow on purpose.
  const passwordHash = await core.passwords.hash(demoPassword)
  await core.database.transaction(async (transaction) => {
    const tx = transaction as unknown as Executor
    const now = core.clock.now()
    await seedPeople(tx, { ...core, now, passwordHash })
    await tx.insert(bankAccounts).values(accounts.map(([bank, number], i) => ({ id: core.newId(), bank, number, holder: 'PT Gardu Demo', position: (i + 1) * 10, createdAt: now })))
    const cluster = hypervisor ? await seedHypervisor(tx, hypervisor, { ...core, now }) : { connectionId: null, templateIds: [] }
    await seedCatalogue(tx, cluster, { ...core, now })
    if (panel) await seedPanel(tx, panel, { ...core, now })
    if (nameServer) await tx.insert(reverseDnsSettings).values({ url: nameServer.url, apiKey: core.secrets.seal(nameServer.apiKey), tlsMode: 'system', serverId: 'localhost', template: nameTemplate, ttl: 3600, changedAt: now })
  })
  core.log.info('demo data is in place')
  return 'seeded'
}

async function seedPeople(tx: Executor, { newId, now, passwordHash }: { newId: Core['newId'], now: Date, passwordHash: string }): Promise<void> {
  const rows = people.map(([role, name]) => ({ id: newId(), email: `${role}@demo.gardu.test`, name, passwordHash, role, locale: 'id' as const, emailVerifiedAt: now, createdAt: now }))
  await tx.insert(users).values(rows)
  await tx.insert(clientProfiles).values(rows.filter(row => row.role === 'client').map(row => ({
    userId: row.id, kind: 'person' as const, companyName: null, nik: '3174054508900001', npwp: null, phone: '+6281234567890', addressLine: 'Jl. Kemang Raya No. 10', city: 'Jakarta Selatan', province: 'DKI Jakarta', postalCode: '12730', country: 'ID', updatedAt: now,
  })))
}

async function seedHypervisor(tx: Executor, hypervisor: DemoConnection, { newId, now, secrets }: Pick<Core, 'newId' | 'secrets'> & { now: Date }): Promise<{ connectionId: string, templateIds: string[] }> {
  const connectionId = newId()
  await tx.insert(connections).values({
    id: connectionId, kind: 'proxmox', name: 'Jakarta', url: hypervisor.url, tlsMode: hypervisor.fingerprint ? 'fingerprint' : 'system', tlsFingerprint: hypervisor.fingerprint, tokenId: hypervisor.tokenId, tokenSecret: secrets.seal(hypervisor.tokenSecret),
    storage: 'ceph-vm', bridge: 'vmbr0', nodes: [], backupStorage: 'local', createdAt: now,
  })
  const rows = images.map(image => ({ id: newId(), connectionId, node: 'pve-jkt1', ...image, seenAt: now }))
  await tx.insert(templates).values(rows)
  await tx.insert(isoImages).values([{ name: 'systemrescue-12.02-amd64.iso', bytes: 1_090_519_040, offered: true }, { name: 'debian-13.1.0-amd64-netinst.iso', bytes: 792_723_456, offered: false }].map(image => ({ id: newId(), connectionId, ref: `local:iso/${image.name}`, nodes: ['pve-jkt1', 'pve-jkt2'], seenAt: now, ...image })))
  const poolId = newId()
  const [first, last] = [10, 120]
  await tx.insert(addressPools).values({ id: poolId, connectionId, name: 'Jakarta publik', firstAddress: `203.0.113.${first}`, lastAddress: `203.0.113.${last}`, prefixLength: 24, gateway: '203.0.113.1', nameservers: ['1.1.1.1', '8.8.8.8'], createdAt: now })
  await tx.insert(addresses).values(Array.from({ length: last - first + 1 }, (_, i) => ({ id: newId(), poolId, address: `203.0.113.${first + i}`, changedAt: now })))
  await tx.insert(ipv6Pools).values({ id: newId(), connectionId, name: 'Jakarta IPv6', prefix: '2001:db8:10::', prefixLength: 48, machineLength: 64, gateway: 'fe80::1', nameservers: ['2606:4700:4700::1111'], nextPlace: 1, createdAt: now })
  return { connectionId, templateIds: rows.map(row => row.id) }
}

const nameTemplate = '{address-dashed}.vps.gardu.test'
const panelName = 'Web 1'
const reach = (at: DemoConnection, { secrets }: Pick<Core, 'secrets'>) => ({ url: at.url, tokenId: at.tokenId, tokenSecret: secrets.seal(at.tokenSecret), tlsMode: at.fingerprint ? 'fingerprint' as const : 'system' as const, tlsFingerprint: at.fingerprint })

/** As the simulated server has them; each synchronisation refreshes them. */
const panelPackages = [
  { name: 'gardu_hemat', diskMiB: 2048, bandwidthMiB: 20_480, maxAddonDomains: 0, maxMailboxes: 10, maxDatabases: 2 },
  { name: 'gardu_bisnis', diskMiB: 10_240, bandwidthMiB: null, maxAddonDomains: 5, maxMailboxes: 100, maxDatabases: 20 },
  { name: 'gardu_toko', diskMiB: 25_600, bandwidthMiB: null, maxAddonDomains: 20, maxMailboxes: null, maxDatabases: null },
]
const hostingPlans = [
  { slug: 'hosting-hemat', name: 'Hosting Hemat', panelPackage: 'gardu_hemat', monthly: 15_000n, featured: false, id: 'Untuk satu situs kecil dan surelnya.', en: 'For one small site and its mail.' },
  { slug: 'hosting-bisnis', name: 'Hosting Bisnis', panelPackage: 'gardu_bisnis', monthly: 45_000n, featured: true, id: 'Untuk beberapa situs perusahaan.', en: 'For several sites of a company.' },
] as const

/** The hosting server with its packages, and what is sold of it. */
async function seedPanel(tx: Executor, panel: DemoConnection, { newId, now, secrets }: Pick<Core, 'newId' | 'secrets'> & { now: Date }): Promise<void> {
  const connectionId = newId()
  await tx.insert(connections).values({ id: connectionId, kind: 'whm', name: panelName, ...reach(panel, { secrets }), storage: '', bridge: '', nodes: [], createdAt: now })
  await tx.insert(packages).values(panelPackages.map(each => ({ ...each, id: newId(), connectionId, seenAt: now })))
  for (const [i, { slug, name, panelPackage, monthly, featured, id, en }] of hostingPlans.entries()) {
    const productId = newId()
    await tx.insert(products).values({
      id: productId, slug, kind: 'hosting', name, summary: { id, en }, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100, panelPackage }, status: 'active', featured, position: 60 + i * 10, createdAt: now, updatedAt: now,
      description: { id: `${id} cPanel berbahasa Indonesia, surel, basis data, dan FTP; akun aktif beberapa menit setelah pembayaran.`, en: `${en} cPanel, mail, databases and FTP; the account is active within minutes of payment.` },
    })
    await tx.insert(productConnections).values({ productId, connectionId })
    await tx.insert(productPrices).values((Object.entries(monthsOfCycle) as [RecurringCycle, number][]).map(([cycle, months]) => ({ id: newId(), productId, cycle, price: monthly * BigInt(months) * (100n - discounts[cycle]) / 100n, setup: 0n, effectiveFrom: now, createdAt: now })))
  }
}

async function seedCatalogue(tx: Executor, cluster: { connectionId: string | null, templateIds: string[] }, { newId, now }: Pick<Core, 'newId'> & { now: Date }): Promise<void> {
  for (const [position, plan] of plans.entries()) {
    const productId = newId()
    const { cpuCores, ramMiB, diskGiB, rateMbps } = plan
    await tx.insert(products).values({
      id: productId, slug: plan.slug, kind: 'vps', name: plan.name, summary: { id: plan.id, en: plan.en }, spec: { cpuCores, ramMiB, diskGiB, rateMbps, traffic: { limitGiB: cpuCores * 1000, counts: 'both', slowMbps: 10 } }, status: 'active', featured: plan.featured, position: (position + 1) * 10, trialDays: plan.slug === 'vps-rinjani-2' ? 14 : null, backupsIncluded: 3, backupSchedule: true, createdAt: now, updatedAt: now,
      description: {
        id: `${plan.id} ${cpuCores} vCPU, RAM ${ramMiB / 1024} GB, SSD ${diskGiB} GB, port ${rateMbps} Mbps, satu IPv4 publik dan jaringan IPv6 /64, akses root penuh, dan terpasang otomatis beberapa menit setelah pembayaran.`,
        en: `${plan.en} ${cpuCores} vCPU, ${ramMiB / 1024} GB RAM, ${diskGiB} GB SSD, a ${rateMbps} Mbps port, one public IPv4 and a /64 of IPv6, full root access, and built by itself within minutes of payment.`,
      },
    })
    await tx.insert(productPrices).values((Object.entries(monthsOfCycle) as [RecurringCycle, number][]).map(([cycle, months]) => ({ id: newId(), productId, cycle, price: plan.monthly * BigInt(months) * (100n - discounts[cycle]) / 100n, setup: 0n, effectiveFrom: now, createdAt: now })))
    await seedOptions(tx, productId, { newId, now })
    if (cluster.connectionId) {
      await tx.insert(productConnections).values({ productId, connectionId: cluster.connectionId })
      await tx.insert(productTemplates).values(cluster.templateIds.map(templateId => ({ productId, templateId })))
    }
  }
  await seedWork(tx, { newId, now })
  // The smallest plan is sold on terms of its own, so that the demo's calendar has a late fee to show.
  const [small] = await tx.select({ id: products.id }).from(products).where(sql`${products.slug} = ${plans[0].slug}`)
  const termsId = newId()
  await tx.insert(billingTerms).values({ id: termsId, name: 'Paket kecil', renewalLeadDays: 14, reminderDays: [-7, -3, 0, 1], orderReminderDays: [-1], noticeHours: 24, suspendAfterDays: 3, terminateAfterDays: 15, lateFeeKind: 'percent', lateFeePercent: 5, lateFeeAmount: 25_000n, lateFeeDays: 2, createdAt: now, updatedAt: now })
  if (small) await tx.insert(productTerms).values({ productId: small.id, termsId })
  await tx.insert(tlds).values(suffixes.map(([suffix, register, renew, requirement], i) => ({ suffix, register, renew, requirement, position: (i + 1) * 10 })))
  await tx.insert(promoCodes).values({ id: newId(), code: 'HEMAT20', kind: 'percent', value: 20n, createdAt: now })
}

/** What people do, paid once: with somebody who does it at night, if that is wished. */
async function seedWork(tx: Executor, { newId, now }: Pick<Core, 'newId'> & { now: Date }): Promise<void> {
  const [productId, night] = [newId(), newId()]
  await tx.insert(products).values({
    id: productId, slug: 'migrasi-situs', kind: 'work', name: 'Migrasi Situs', summary: { id: 'Situs dan basis data Anda kami pindahkan.', en: 'We move your website and its database.' }, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, status: 'active', position: 100, createdAt: now, updatedAt: now,
    description: { id: 'Staf kami memindahkan satu situs beserta basis datanya ke server Anda, lalu memeriksanya bersama Anda.', en: 'Our staff move one website with its database to your server and check it together with you.' },
  })
  const price = { cycle: 'one_time' as const, setup: 0n, effectiveFrom: now, createdAt: now }
  await tx.insert(productPrices).values({ ...price, id: newId(), productId, price: 350_000n })
  await tx.insert(productOptions).values({ id: night, productId, key: 'at-night', kind: 'toggle', label: { id: 'Dikerjakan malam hari', en: 'Done at night' }, createdAt: now })
  await tx.insert(productOptionPrices).values({ ...price, id: newId(), optionId: night, price: 100_000n })
}

/** Each plan with more disk, more bandwidth, more addresses and somebody who looks after it, in every cycle. */
async function seedOptions(tx: Executor, productId: string, { newId, now }: Pick<Core, 'newId'> & { now: Date }): Promise<void> {
  const [disk, bandwidth, addresses, support, base, fast] = [newId(), newId(), newId(), newId(), newId(), newId()]
  const shared = { productId, createdAt: now }
  await tx.insert(productOptions).values([
    { ...shared, id: disk, key: 'extra-disk', kind: 'number', label: { id: 'Disk tambahan (GB)', en: 'Extra disk (GB)' }, min: 0, max: 200, step: 10, effect: 'disk_gib', effectAmount: 1, position: 10 },
    { ...shared, id: bandwidth, key: 'bandwidth', kind: 'choice', label: { id: 'Kecepatan port', en: 'Port speed' }, effect: 'rate_mbps', position: 20 },
    { ...shared, id: addresses, key: 'extra-ipv4', kind: 'number', label: { id: 'Alamat IPv4 tambahan', en: 'Further IPv4 addresses' }, min: 0, max: 4, step: 1, effect: 'extra_ipv4', effectAmount: 1, position: 25 },
    { ...shared, id: support, key: 'managed-support', kind: 'toggle', label: { id: 'Dukungan terkelola', en: 'Managed support' }, position: 30 },
  ])
  await tx.insert(productOptionChoices).values([
    { id: base, optionId: bandwidth, key: 'standard', label: { id: 'Standar', en: 'Standard' }, effectAmount: 0, position: 10 }, { id: fast, optionId: bandwidth, key: 'plus-200', label: { id: '200 Mbps lebih cepat', en: '200 Mbps faster' }, effectAmount: 200, position: 20 },
  ])
  const monthly: [string, string | null, bigint][] = [[disk, null, 1_500n], [bandwidth, base, 0n], [bandwidth, fast, 40_000n], [addresses, null, 25_000n], [support, null, 150_000n]]
  await tx.insert(productOptionPrices).values((Object.entries(monthsOfCycle) as [RecurringCycle, number][]).flatMap(([cycle, months]) => monthly.map(([optionId, choiceId, price]) => ({ id: newId(), optionId, choiceId, cycle, price: price * BigInt(months) * (100n - discounts[cycle]) / 100n, setup: 0n, effectiveFrom: now, createdAt: now }))))
}

/** The simulated remotes of the demo, from the environment. @throws when a variable is set and unusable */
export const readDemoRemotes = (env: Readonly<Record<string, string | undefined>>): DemoRemotes => ({ hypervisor: readDemoConnection('GARDU_DEMO_PROXMOX', env.GARDU_DEMO_PROXMOX), panel: readDemoConnection('GARDU_DEMO_WHM', env.GARDU_DEMO_WHM), nameServer: readNameServer(env.GARDU_DEMO_POWERDNS) })

function readNameServer(text: string | undefined): DemoNameServer | null {
  if (!text) return null
  const { url, apiKey } = JSON.parse(text) as Partial<Record<string, string>>
  if (!url || !apiKey) throw new Error('GARDU_DEMO_POWERDNS must hold url and apiKey')
  return { url, apiKey }
}

function readDemoConnection(name: string, text: string | undefined): DemoConnection | null {
  if (!text) return null
  const { url, tokenId, tokenSecret, fingerprint } = JSON.parse(text) as Partial<Record<string, string | null>>
  if (!url || !tokenId || !tokenSecret) throw new Error(`${name} must hold url, tokenId and tokenSecret`)
  return { url, tokenId, tokenSecret, fingerprint: fingerprint ?? null }
}
