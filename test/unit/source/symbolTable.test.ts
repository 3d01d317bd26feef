/** Code whose symbols have a bit more than their address. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { DebugFile } from '../../../src/source/debugFile';
import { KernelDebugInfo } from '../../../src/source/kernelDebugInfo';
import { isOnPath, memoryRanges } from './debugSupport';

/** drv_pin is at 2, and its symbol 3; line 11 is the call, from 4 to 8. */
const THUMB = `
	.syntax unified
	.text
	.thumb
	.file 1 "/src" "drv.c"
	.globl	other
other:
	bx lr
	.p2align 1
	.globl drv_pin
	.type drv_pin,%function
	.thumb_func
drv_pin:
.Lb:
	.loc 1 10
	push {r3, lr}
	.loc 1 11
	bl other
.Lret:
	.loc 1 12
	adds r0, #1
	.loc 1 13
	pop {r3, pc}
.Le:
	.size drv_pin, .-drv_pin
	.section .debug_info,"",%progbits
	.long 1f-0f
0:	.short 4
	.long .debug_abbrev
	.byte 4
	.uleb128 1
	.long .debug_line
	.asciz "drv.c"
	.asciz "/src"
	.long .Lb
	.long .Le-.Lb
	.byte 12
	.uleb128 2
	.asciz "drv_pin"
	.long .Lb
	.long .Le-.Lb
	.byte 0
1:
	.section .debug_abbrev,"",%progbits
	.uleb128 1
	.uleb128 0x11
	.byte 1
	.uleb128 0x10
	.uleb128 0x17
	.uleb128 3
	.uleb128 8
	.uleb128 0x1b
	.uleb128 8
	.uleb128 0x11
	.uleb128 1
	.uleb128 0x12
	.uleb128 6
	.uleb128 0x13
	.uleb128 0xb
	.byte 0,0
	.uleb128 2
	.uleb128 0x2e
	.byte 0
	.uleb128 3
	.uleb128 8
	.uleb128 0x11
	.uleb128 1
	.uleb128 0x12
	.uleb128 6
	.byte 0,0
	.byte 0
	.section .debug_line,"",%progbits
`;

const skip = isOnPath('llvm-mc') ? false : 'llvm-mc is not on the PATH';

test(
  'a function in Thumb code begins at its first instruction, and its calls have their own lines',
  { skip },
  async () => {
    const options = ['-triple=thumbv7-linux-gnueabihf', '-filetype=obj', '-o', '-'];
    const bytes = execFileSync('llvm-mc', options, { input: THUMB });
    const file = await DebugFile.open(memoryRanges('drv.ko', bytes));
    const [symbol] = await file.symbolsNamed('drv_pin');
    const frame = { function: 'drv_pin', offset: 6, size: symbol!.size, module: null };
    const [found] = await new KernelDebugInfo(file).locate([frame]);
    assert.deepEqual([found!.certainty, found!.places.at(-1)!.line], ['exact', 11]);
    assert.equal((await file.lookUp(symbol!.address)).symbol?.name, 'drv_pin');
    assert.equal((await file.lookUp(symbol!.address - 1n)).symbol?.name, 'other');
  },
);
