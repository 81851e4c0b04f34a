import type { SagaKind } from '#shared/vocabulary/machines.ts'
import { powerSaga } from './power-machine.ts'
import { provisionSaga } from './provision-service.ts'
import { resizeSaga } from './resize-service.ts'
import { resumeSaga } from './resume-service.ts'
import type { SagaDefinition } from './step.ts'
import { suspendSaga } from './suspend-service.ts'
import { terminateSaga } from './terminate-service.ts'

export const sagaDefinitions: Readonly<Record<SagaKind, SagaDefinition>> = { provision: provisionSaga, suspend: suspendSaga, resume: resumeSaga, terminate: terminateSaga, power: powerSaga, resize: resizeSaga }
