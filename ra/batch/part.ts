import type { Registry } from 'prom-client';
import { Signal } from '../signal.js';
import type { BatchSettings } from './config.js';
import { batchMeasures, type BatchMeasures } from './measures.js';
import { UploadPlaces } from './upload-places.js';

/** What the parts of the batched service share within one process: nothing that another process would miss. */
export class BatchPart {
  /** Woken when there may be work: a batch approved, a group settled. */
  readonly work = new Signal();
  readonly places: UploadPlaces;
  readonly measures: BatchMeasures;

  constructor(settings: BatchSettings, register: Registry) {
    this.places = new UploadPlaces(settings.uploads, settings.uploadsPerParty);
    this.measures = batchMeasures(register);
  }
}
