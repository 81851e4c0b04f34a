import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { SagaKind } from '#shared/vocabulary/machines.ts'
import { adoptSaga } from './adopt-machine.ts'
import { accessSaga, renameSaga } from './machine-access.ts'
import { backupSaga } from './backup-machine.ts'
import { passwordSaga } from './change-account-password.ts'
import { firewallSaga } from './firewall-machine.ts'
import { ipv6Saga } from './ipv6-machine.ts'
import { moveSaga } from './move-machine.ts'
import { powerSaga } from './power-machine.ts'
import { provisionAccountSaga } from './provision-account.ts'
import { provisionSaga } from './provision-service.ts'
import { rebuildSaga } from './rebuild-machine.ts'
import { reinstallSaga } from './reinstall-machine.ts'
import { removeAccountSaga } from './remove-account.ts'
import { repackageAccountSaga } from './repackage-account.ts'
import { rescueSaga } from './rescue-machine.ts'
import { resizeSaga } from './resize-service.ts'
import { resumeAccountSaga, suspendAccountSaga } from './suspend-account.ts'
import { restoreAccountSaga } from './restore-account.ts'
import { resumeSaga } from './resume-service.ts'
import { restoreSaga } from './restore-machine.ts'
import { rollbackSaga } from './rollback-machine.ts'
import { snapshotSaga } from './snapshot-machine.ts'
import type { SagaDefinition } from './step.ts'
import { throttleSaga } from './throttle-machine.ts'
import { suspendSaga } from './suspend-service.ts'
import { terminateSaga } from './terminate-service.ts'
import { unlinkSaga } from './unlink-machine.ts'

/** Of machines alone: a hosting account knows no such act. */
const machineOnly = ['snapshot', 'rollback', 'reinstall', 'firewall', 'access', 'rename', 'rescue', 'backup', 'move', 'ipv6', 'adopt', 'unlink', 'throttle', 'rebuild'] as const satisfies readonly SagaKind[]
type MachineOnly = typeof machineOnly[number]
const isMachineOnly = (kind: SagaKind): kind is MachineOnly => (machineOnly as readonly SagaKind[]).includes(kind)
type Definitions<Kind extends SagaKind> = Readonly<Record<Kind, SagaDefinition>>
export const sagaDefinitions: Definitions<SagaKind> = { provision: provisionSaga, suspend: suspendSaga, resume: resumeSaga, terminate: terminateSaga, power: powerSaga, resize: resizeSaga, snapshot: snapshotSaga, rollback: rollbackSaga, reinstall: reinstallSaga, firewall: firewallSaga, access: accessSaga, rename: renameSaga, rescue: rescueSaga, backup: backupSaga, restore: restoreSaga, move: moveSaga, ipv6: ipv6Saga, adopt: adoptSaga, unlink: unlinkSaga, throttle: throttleSaga, rebuild: rebuildSaga }
export const accountSagaDefinitions: Definitions<Exclude<SagaKind, MachineOnly>> = { provision: provisionAccountSaga, suspend: suspendAccountSaga, resume: resumeAccountSaga, terminate: removeAccountSaga, power: passwordSaga, resize: repackageAccountSaga, restore: restoreAccountSaga }

/** What a saga of a kind does for a service of a kind. Nothing is ever begun for work, and no snapshot, reinstall, move or adoption of an account; backups of accounts are its panel's, and are restored from here. */
export const sagaDefinition = (kind: SagaKind, product: ProductKind): SagaDefinition => product === 'hosting' && !isMachineOnly(kind) ? accountSagaDefinitions[kind] : sagaDefinitions[kind]
