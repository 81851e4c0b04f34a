import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { SagaKind } from '#shared/vocabulary/machines.ts'
import { passwordSaga } from './change-account-password.ts'
import { powerSaga } from './power-machine.ts'
import { provisionAccountSaga } from './provision-account.ts'
import { provisionSaga } from './provision-service.ts'
import { removeAccountSaga } from './remove-account.ts'
import { repackageAccountSaga } from './repackage-account.ts'
import { resizeSaga } from './resize-service.ts'
import { resumeAccountSaga, suspendAccountSaga } from './suspend-account.ts'
import { resumeSaga } from './resume-service.ts'
import { rollbackSaga } from './rollback-machine.ts'
import { snapshotSaga } from './snapshot-machine.ts'
import type { SagaDefinition } from './step.ts'
import { suspendSaga } from './suspend-service.ts'
import { terminateSaga } from './terminate-service.ts'

type Definitions<Kind extends SagaKind> = Readonly<Record<Kind, SagaDefinition>>
export const sagaDefinitions: Definitions<SagaKind> = { provision: provisionSaga, suspend: suspendSaga, resume: resumeSaga, terminate: terminateSaga, power: powerSaga, resize: resizeSaga, snapshot: snapshotSaga, rollback: rollbackSaga }
export const accountSagaDefinitions: Definitions<Exclude<SagaKind, 'snapshot' | 'rollback'>> = { provision: provisionAccountSaga, suspend: suspendAccountSaga, resume: resumeAccountSaga, terminate: removeAccountSaga, power: passwordSaga, resize: repackageAccountSaga }

/** What a saga of a kind does for a service of a kind. Nothing is ever begun for work, and no snapshot of an account. */
export const sagaDefinition = (kind: SagaKind, product: ProductKind): SagaDefinition => product === 'hosting' && kind !== 'snapshot' && kind !== 'rollback' ? accountSagaDefinitions[kind] : sagaDefinitions[kind]
