/** The thread that decompresses. */
import { parentPort, workerData } from 'node:worker_threads';
import { decompressBatch } from '../../capture/traceDat/decompressionThread';
import { decompressorOf } from '../../capture/traceDat/decompressor';
import { memoryOf, type FromDecompression, type ToDecompression } from './decompressionThread';

const port = parentPort;
if (port === null) throw new Error('Decompression runs in a worker thread only.');

function post(message: FromDecompression, handedOver: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, handedOver);
}

void decompressorOf(workerData as string).then((decompressor) => {
  port.on('message', ([batch, memory]: ToDecompression) => {
    const { bytes, isDamaged } = decompressBatch(batch, memory, decompressor);
    const handedOver = memoryOf(bytes);
    const isShared = bytes === memory && handedOver.length === 0;
    post({ bytes: isShared ? null : bytes, isDamaged }, handedOver);
  });
  post('ready');
});
