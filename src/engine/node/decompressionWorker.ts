/** The thread that decompresses. */
import { parentPort, workerData } from 'node:worker_threads';
import { decompressBlocks } from '../../capture/traceDat/decompressionThread';
import { decompressorOf } from '../../capture/traceDat/decompressor';
import type { ToDecompression } from './decompressionThread';

const port = parentPort;
if (port === null) throw new Error('Decompression runs in a worker thread only.');

void decompressorOf(workerData as string).then((decompressor) => {
  port.on('message', (batch: ToDecompression) => {
    if (decompressor !== null) decompressBlocks(batch, decompressor);
    port.postMessage(null);
  });
});
