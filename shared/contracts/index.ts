import * as admin from './admin.ts'
import * as alignments from './alignments.ts'
import * as auth from './auth.ts'
import * as changes from './changes.ts'
import type { RouteContract } from './contract.ts'
import * as gateways from './gateways.ts'
import * as holidays from './holidays.ts'
import * as invoicing from './invoicing.ts'
import * as ledger from './ledger.ts'
import * as ledgerBooks from './ledger-books.ts'
import * as lives from './lives.ts'
import * as notices from './notices.ts'
import * as options from './options.ts'
import * as outgoingWebhooks from './outgoing-webhooks.ts'
import * as portal from './portal.ts'
import * as prices from './prices.ts'
import * as reconciliation from './reconciliation.ts'
import * as refunds from './refunds.ts'
import * as reports from './reports.ts'
import * as storefront from './storefront.ts'
import * as system from './system.ts'
import * as tax from './tax.ts'
import * as terms from './terms.ts'
import * as transfers from './transfers.ts'

const isContract = (value: unknown): value is RouteContract => typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'access' in value

/** Every route of the application, for OpenAPI and for the tests that enumerate routes. */
export const allContracts: readonly RouteContract[] = [auth, storefront, portal, changes, alignments, admin, gateways, holidays, invoicing, ledger, ledgerBooks, lives, notices, options, outgoingWebhooks, prices, reconciliation, refunds, reports, tax, terms, system, transfers].flatMap(module => Object.values(module).filter(isContract))
