import AxeBuilder from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Demo } from './demo.ts'

/** The Chromium that `npm test` found, without its own traffic. */
export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath: process.env.GARDU_TEST_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })

/**
 * A page of a visitor of its own that remembers what the browser complained about (console errors and with them refusals of the policy and
 * hydration mismatches, exceptions, requests that failed) and which other hosts it was sent to. What a test provokes it takes out itself:
 * `complaints.splice(0)`.
 */
export interface WatchedPage { readonly page: Page, readonly complaints: string[], readonly foreign: string[], visit(path: string): Promise<void>, close(): Promise<void> }

export async function openPage(browser: Browser, demo: Demo, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const [complaints, foreign]: [string[], string[]] = [[], []]
  page.on('console', message => message.type() === 'error' && complaints.push(`${message.text()} ${message.location().url}`))
  page.on('pageerror', error => complaints.push(error.message))
  // A request that a navigation cut off is none that failed.
  page.on('requestfailed', request => request.failure()?.errorText !== 'net::ERR_ABORTED' && complaints.push(`${request.failure()?.errorText} ${request.url()}`))
  page.on('request', request => !request.url().startsWith(demo.url) && !/^(data|blob):/.test(request.url()) && foreign.push(request.url()))
  return {
    page, complaints, foreign,
    async visit(path) {
      await page.goto(demo.url + path, { waitUntil: 'networkidle' })
      await ready(page)
    },
    close: () => context.close(),
  }
}

/** Waits until the page answers to clicks: what the server drew was taken over by the browser, and no navigation is under way. */
export async function ready(page: Page): Promise<void> {
  // A public page sleeps until somebody does something.
  await page.mouse.move(1, 1)
  await page.mouse.move(2, 2)
  await page.waitForFunction(() => {
    const { useNuxtApp } = window as unknown as { useNuxtApp?: () => { isHydrating?: boolean } }
    return useNuxtApp?.().isHydrating === false
  })
}

/** Logs in through the form, as a person does; ends on the page that the role begins with, or on `next`. */
export async function signIn(page: Page, demo: Demo, email: string, options: { readonly password?: string, readonly next?: string, readonly language?: 'id' | 'en' } = {}): Promise<void> {
  const login = `${options.language === 'en' ? '/en' : ''}/auth/login`
  await page.goto(`${demo.url}${login}${options.next ? `?next=${encodeURIComponent(options.next)}` : ''}`, { waitUntil: 'networkidle' })
  await ready(page)
  await page.fill('input[type=email]', email)
  await page.fill('input[type=password]', options.password ?? 'Gardu-demo-2026')
  await page.click('form button[type=submit]')
  await page.waitForURL(url => !url.pathname.endsWith(login))
  await page.waitForLoadState('networkidle')
}

/** What axe finds by its default rules, or by `only` some of them: one readable line per element, so that a failed test says what to mend. */
export async function axe(page: Page, only?: readonly string[]): Promise<string[]> {
  // A page has no frames and loads its styles itself: one run in the page, whose passes nobody reads, is three times as fast.
  const builder = new AxeBuilder({ page }).setLegacyMode(true).options({ preload: false, resultTypes: ['violations'] })
  const { violations } = await (only ? builder.withRules([...only]) : builder).analyze()
  const { pathname } = new URL(page.url())
  return violations.flatMap(found => found.nodes.map(node => `${pathname} ${found.id} (${found.help}): ${node.target.join(' ')} ${node.html.slice(0, 200)}`))
}

/** Axe in light, and in dark for what the colours change. The page's visitor must not have chosen a mode. */
export async function axeInBothModes(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await axe(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.waitForFunction(() => document.documentElement.classList.contains('dark'))
  return [...light, ...await axe(page, ['color-contrast'])]
}
