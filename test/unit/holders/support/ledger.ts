import type { Capture } from '../../../../src/capture/eventTable';
import { Ledger } from '../../../../src/holders/ledger';
import { MapcountBase } from '../../../../src/holders/mapcountBase';
import { StackSites } from '../../../../src/holders/stackSites';

export function ledgerOf(capture: Capture): Ledger {
  const mapcounts = new MapcountBase(capture, { minusOne: false, zeroWhenFresh: false });
  return new Ledger(capture, new StackSites(capture.symbols), mapcounts);
}
