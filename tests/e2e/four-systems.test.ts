import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startVcsim } from '../../scripts/components.ts'
import type { Vcsim } from '../../scripts/components.ts'
import { startVcsimPage } from '../../scripts/vcsim-page.ts'
import { startControl } from '../../simulators/control.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { startWhmSimulator } from '../../simulators/whm/index.ts'
import { launchChromium, openPage, signIn } from '../support/browser.ts'
import type { WatchedPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { atMidtrans, logIn, until } from '../support/journey.ts'

/**
 * A SysAdmin connects each of the four systems, sells on it, breaks what was sold on the system's own page and mends it, all on screen. The systems are new ones
 * beside those that the demo begins with: two of our simulators, and VMware's own in both modes.
 */
interface System {
  readonly kind: string, readonly name: string, readonly slug: string, readonly hosting?: boolean
  readonly url: string, readonly user: readonly [label: string, value: string], readonly secret: readonly [label: string, value: string], readonly place?: readonly [label: string, value: string]
  /** The third octet of its pool. */
  readonly net: number, readonly offer: string
  /** Presses buttons on the system's own page. */
  breakIt(found: { readonly vmid: number, readonly hostname: string }): Promise<void>
  /** What Gardu says about it, and whether a button of the list mends it. */
  readonly drift: string, readonly repairs: boolean
}

let demo: Demo
let browser: Browser
let owner: Awaited<ReturnType<typeof logIn>>
let client: typeof owner
let watched: WatchedPage
let page: Page
const systems: Record<string, System> = {}
const closers: (() => Promise<unknown>)[] = []

const dialog = () => page.getByRole('dialog')
const press = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).click()
const fill = (label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text)
const said = (text: string | RegExp) => page.getByText(text).first().waitFor()
const choose = async (label: string, option: string | RegExp) => {
  await page.getByLabel(label, { exact: true }).click()
  await page.getByRole('option', { name: option }).first().click()
  await page.keyboard.press('Escape')
}
const serviceOf = async (id: string) => (await owner.get(`/api/admin/services/${id}`)).body

beforeAll(async () => {
  const binary = process.env.GARDU_TEST_VCSIM
  if (!binary) throw new Error('GARDU_TEST_VCSIM names no simulator')
  const [started, proxmox, whm, vcenter, esxi] = await Promise.all([startDemo(), startProxmoxSimulator({ delayFactor: 0.1 }), startWhmSimulator(), startVcsim(binary, 'vcenter'), startVcsim(binary, 'esxi')])
  demo = started
  const vcsim = await startVcsimPage({ vcenter, esxi })
  const control = await startControl({ port: 0, simulators: [
    { name: 'proxmox', title: 'Proxmox VE', says: '', url: proxmox.url, page: '/proxmox', faults: proxmox.faults, state: proxmox.state, answer: proxmox.pages },
    { name: 'whm', title: 'WHM', says: '', url: whm.url, page: '/whm', faults: whm.faults, state: whm.state, answer: whm.pages },
  ] })
  closers.push(vcsim.close, control.close, proxmox.close, whm.close, vcenter.stop, esxi.stop)
  browser = await launchChromium()
  const onPage = async (url: string, path: string) => expect((await fetch(`${url}${path}`, { method: 'POST', redirect: 'manual' })).status).toBe(303)
  /** The form on vcsim's page that does this to a machine of ours. */
  const atVcsim = async (kind: 'vcenter' | 'esxi', act: string) => {
    const card = (await (await fetch(vcsim.url)).text()).split('<div class="card">').find(text => text.includes(`/${kind}/`) && !text.includes('not of Gardu'))
    const path = new RegExp(`/${kind}/[^/"]+/${act}`).exec(card ?? '')?.[0]
    if (!path) throw new Error(`vcsim's page offers no ${act}: ${card}`)
    await onPage(vcsim.url, path)
  }
  const vmware = ({ url, username, password }: Vcsim) => ({ url, user: ['User name', username], secret: ['Password', password], place: ['Datastore', 'LocalDS_0'], offer: 'debian-12' }) as const
  Object.assign(systems, {
    proxmox: {
      kind: 'Proxmox VE', name: 'Surabaya', slug: 'vps-surabaya', url: proxmox.url, user: ['Token ID', proxmox.token.id], secret: ['Token secret', proxmox.token.secret], place: ['Storage', 'ceph-vm'], net: 10, offer: 'debian-12-cloudinit',
      breakIt: ({ vmid }) => onPage(control.url, `/proxmox/machines/${vmid}/untag`), drift: 'Machine lost its tag', repairs: true,
    },
    vcenter: {
      kind: 'VMware vCenter', name: 'Bandung', slug: 'vps-bandung', ...vmware(vcenter), net: 20,
      async breakIt() {
        for (const act of ['stop', 'grow', 'start']) await atVcsim('vcenter', act)
      },
      drift: 'Wrong size', repairs: true,
    },
    esxi: {
      kind: 'VMware ESXi', name: 'Medan', slug: 'vps-medan', ...vmware(esxi), net: 30,
      async breakIt() {
        for (const act of ['stop', 'remove']) await atVcsim('esxi', act)
      },
      drift: 'Machine missing', repairs: false,
    },
    whm: {
      kind: 'cPanel & WHM', name: 'Web 2', slug: 'hosting-web-2', hosting: true, url: whm.url, user: ['WHM user', whm.token.id], secret: ['API token', whm.token.secret], net: 0, offer: 'gardu_hemat',
      async breakIt({ hostname }) {
        const account = Object.values(whm.state.accounts).find(({ domain }) => domain === hostname)
        await onPage(control.url, `/whm/accounts/${account?.user}/repackage`)
      },
      drift: 'Wrong package', repairs: true,
    },
  } satisfies Record<string, System>)
  owner = await logIn(demo, 'owner@demo.gardu.test')
  client = await logIn(demo, 'client@demo.gardu.test')
  watched = await openPage(browser, demo)
  page = watched.page
  page.setDefaultTimeout(20_000)
  await signIn(page, demo, 'owner@demo.gardu.test', { language: 'en' })
})
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
  for (const close of closers) await close()
})

describe.each(['proxmox', 'vcenter', 'esxi', 'whm'])('%s', (which) => {
  const ids = { product: '', service: '' }
  const system = () => {
    const found = systems[which]
    if (!found) throw new Error(`no system ${which}`)
    return found
  }

  it('is connected: tested before it is saved, its certificate pinned at first contact, and what it offers applied', async () => {
    const { kind, name, url, user, secret, place } = system()
    await watched.visit('/en/admin/connections/new')
    await page.getByRole('radio', { name: kind }).check()
    await fill('Name', name)
    await fill('API address', url)
    for (const [label, value] of [user, secret, ...place ? [place] : []]) await fill(label, value)
    await press('Test and save')
    await press('Pin this fingerprint')
    await page.waitForURL(/connections\/[0-9a-f-]{36}/)
    await said(/^Every step passed/)
    await press('Synchronise')
    await dialog().getByRole('button', { name: 'Apply' }).click()
    await said(/Synchronised: \d+ new/)
    expect(watched.complaints).toEqual([])
  })

  it('is sold: addresses, a product of its own and a price', async () => {
    const { name, slug, hosting, net, offer } = system()
    if (!hosting) {
      await watched.visit('/en/admin/address-pools')
      await press('Add pool')
      await dialog().getByLabel('Connection').click()
      await page.getByRole('option', { name }).click()
      for (const [label, value] of [['Name', `Publik ${name}`], ['First address', `10.66.${net}.10`], ['Last address', `10.66.${net}.20`], ['Gateway', `10.66.${net}.1`]] as const) await dialog().getByLabel(label, { exact: true }).fill(value)
      await dialog().getByRole('button', { name: 'Add pool' }).click()
      await said('Address pool added')
    }
    await watched.visit('/en/admin/products/new')
    if (hosting) await page.getByRole('radio', { name: 'Hosting' }).check()
    await fill('Name', name)
    await fill('Slug', slug)
    for (const field of ['Summary', 'Description']) for (const language of ['Indonesian', 'English']) await fill(`${field} (${language})`, name)
    await choose(hosting ? 'Hosting servers' : 'Connections', name)
    await choose(hosting ? 'Package on the servers' : 'Templates', new RegExp(`^${offer}`))
    await press('Add product')
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await fill('Price', '90.000')
    await press('Set price')
    await until('the price is there', () => page.getByRole('table').first().innerText(), text => /Rp\s90\.000/.test(text))
    await choose('Status', 'On sale')
    await press('Save')
    await said('Product saved')
    ids.product = new URL(page.url()).pathname.split('/').at(-1) ?? ''
    expect(watched.complaints).toEqual([])
  })

  it('builds what a client pays for', async () => {
    const { slug, hosting } = system()
    const offered = async () => (await client.get(`/api/storefront/products?kind=${hosting ? 'hosting' : 'vps'}`)).body.items.find((item: { slug: string }) => item.slug === slug)
    const product = await until('it is offered', offered, found => found?.stock !== 'none', 60)
    const hostname = `${which}.contoh-empat.id`
    const order = (await client.post('/api/portal/orders', { items: [{ productId: product.id, cycle: 'monthly', hostname, ...hosting ? {} : { templateId: product.templates[0].id } }], promoCodes: [] })).body
    const payment = await client.post(`/api/portal/invoices/${order.invoiceId}/payments`, { method: 'bca_va' })
    await atMidtrans(demo, payment.body.instructions.vaNumber)
    ids.service = order.items[0].serviceId
    await until('it is built', () => serviceOf(ids.service), body => body.status === 'active' && body.resourceStatus === 'ready', 120)
    await watched.visit(`/en/admin/services/${ids.service}`)
    await said(hostname)
    expect(watched.complaints).toEqual([])
  })

  it('is broken on its own page; Gardu tells it, and it is mended on screen', async () => {
    const { breakIt, drift, repairs } = system()
    const { vmid, hostname } = await serviceOf(ids.service)
    await breakIt({ vmid, hostname })
    await watched.visit('/en/admin/drift')
    await press('Compare now')
    const row = () => page.getByRole('row').filter({ hasText: hostname }).filter({ hasText: drift })
    await row().waitFor()
    if (repairs) {
      await row().getByRole('button', { name: 'Repair' }).click()
      await dialog().getByRole('button', { name: 'Repair' }).click()
      await said('The repair has begun')
    } else {
      // Nothing is left of it: it is let go, and another one is built.
      await watched.visit(`/en/admin/services/${ids.service}`)
      await press('Let the machine go')
      await dialog().getByRole('textbox').first().fill('Lost by hand')
      await dialog().getByRole('textbox').last().fill(hostname)
      await dialog().getByRole('button', { name: 'Let the machine go' }).click()
      await until('it is let go', () => serviceOf(ids.service), body => body.resourceStatus === 'unlinked', 60)
      await press('Build a new one')
      await dialog().getByRole('textbox').fill('Lost by hand')
      await dialog().getByRole('button', { name: 'Build a new one' }).click()
      const after = await until('there is another one', () => serviceOf(ids.service), body => body.sagas[0]?.kind === 'provision' && body.sagas[0].status === 'done' && body.resourceStatus === 'ready', 120)
      expect(after.vmid).not.toBe(null)
    }
    await until('its repair has ended', () => serviceOf(ids.service), body => !body.sagas.some((saga: { status: string }) => saga.status === 'running' || saga.status === 'waiting'), 90)
    await watched.visit('/en/admin/drift')
    await press('Compare now')
    await row().waitFor({ state: 'detached', timeout: 30_000 })
    expect(await serviceOf(ids.service)).toMatchObject({ status: 'active', resourceStatus: 'ready' })
    expect(watched.complaints).toEqual([])
  })
})
