/** The thread that decompresses. */
import { parentPort, workerData } from 'node:worker_threads';
import { decompressBlocks, type Batch } from '../../capture/traceDat/decompressionThread';
import { decompressorOf } from '../../capture/traceDat/decompressor';

const port = parentPort;
if (port === null) throw new Error('Decompression runs in a worker thread only.');

void decompressorOf(workerData as string).then((decompressor) => {
  port.on('message', (batch: Batch) => {
    if (decompressor !== null) decompressBlocks(batch, decompressor);
    port.postMessage(null);
  });
});
