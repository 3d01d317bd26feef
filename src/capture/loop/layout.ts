/*
 * Where the two sides of a loop, AssemblyScript and TypeScript, find each other's data in the memory that they share. Both
 * compile this file, so there is nothing in it but numbers: places and sizes in bytes, where nothing else is said. The
 * record loop (of trace.dat) and the sample loop (of perf.data) each have a memory of their own.
 */

/** Rows of a batch. */
export const ROWS = 1024;
/** Tasks known by their pid, a power of two. */
export const TASKS = 4096;
/** Guesses which stack comes next, a power of two. */
export const GUESSES = 16384;
/** Places for blocks by what their bytes hash to, a power of two: few share one. */
export const HASHES = 16384;
/** Stacks that are recognised, and bytes for all of theirs: the real big capture has 529, of 70 kB. */
export const BLOCKS = 4096;
export const ARENA_SIZE = 1048576;
/** Ways to read a record; the first one stands for types that are not read here. */
export const DECODERS = 256;
/** Of samples, ids of events known by their lower bits, and CPUs whose newest stack is known; powers of two. */
export const IDS = 4096;
export const CPUS = 4096;
/** Distinct translations of page flags: all events of a kernel share one. */
export const FLAG_TABLES = 4;

export const TYPE_COUNT = 65536;
export const FLAG_TABLE_SIZE = 4096;

// What holds for the file: numbers of 32 bits.
export const TYPE_MASK = 1024;
export const DELTA_SHIFT = 1028;
export const LARGEST_DATA = 1032;
export const TYPE_OFFSET = 1036;
export const LONG_SHIFT = 1040;
export const STACK_TYPE = 1044;
export const SMALLEST_STACK = 1048;
/** Of the head of a page: offsets of its time, of how many bytes of records it has, and of these. */
export const PAGE_TIME_AT = 1052;
export const PAGE_COMMIT_AT = 1056;
export const PAGE_RECORDS_AT = 1060;
/** The time stamp that times are counted from: its upper and lower half, as numbers of 64 bits. */
export const BASE_HIGH = 1064;
export const BASE_LOW = 1072;
/** Where the id of its event is in a sample, its header included. */
export const ID_AT = 1080;

// Where reading stands: numbers of 32 bits.
/** Stacks that were read. */
export const STATE_STACKS = 1088;
/** The table's row that the batch begins with, and the rows in the batch. */
export const STATE_FIRST_ROW = 1092;
export const STATE_ROWS = 1096;
/** A heap of cursors, the one whose record comes next first: where it is, and how many there are. */
export const STATE_HEAP = 1100;
export const STATE_CURSORS = 1104;
/** Of samples: where reading has come to, call chains with frames of the process, and the latest time, which has 64 bits. */
export const STATE_SAMPLE = 1108;
export const STATE_USER_CHAINS = 1112;
export const STATE_NEWEST_TIME = 1120;

/** A byte for each `common_flags`: the depth of interruption. */
export const CONTEXTS = 2048;
/** A byte for each `common_type`: which decoder. */
export const TYPE_DECODERS = 4096;
/** In the same place, of the lower bits of a sample's id: the id that was met last with them, and a byte for its decoder. */
export const ID_LOWS = TYPE_DECODERS;
export const ID_HIGHS = ID_LOWS + IDS * 4;
export const ID_DECODERS = ID_HIGHS + IDS * 4;
export const DECODER_TABLE = TYPE_DECODERS + TYPE_COUNT;

// A decoder: numbers of 32 bits, of which those that end in _AT are offsets in the record, or -1.
export const SMALLEST = 4;
export const EVENT_NAME = 8;
export const EVENT_KIND = 12;
/** Of the record loop. */
export const IS_STACK = 0;
export const PID_AT = 16;
export const FLAGS_AT = 20;
export const STACK_SIZE_AT = 24;
export const CALLER_AT = 28;
/** Of the sample loop: offsets in the sample, its header included. */
export const TID_AT = 16;
export const TIME_AT = 20;
export const CPU_AT = 24;
export const CHAIN_AT = 28;
export const PFN_LOW_AT = 32;
export const PFN_HIGH_AT = 36;
export const PAGE_FLAGS_AT = 40;
export const FLAG_TABLE_OF_DECODER = 44;
export const MAPPING_LOW_AT = 48;
export const MAPPING_HIGH_AT = 52;
export const COUNT_AT = 56;
export const MAPCOUNT_AT = 60;
export const VAL_AT = 64;
export const RET_AT = 68;
export const MIGRATETYPE_AT = 72;
export const ORDER_AT = 76;
export const ABSENT_ORDER = 80;
export const HAS_LOW_ADDRESSES = 84;
export const DECODER_SIZE = 88;

export const FLAG_TABLE = DECODER_TABLE + DECODERS * DECODER_SIZE;
export const TASK_PIDS = FLAG_TABLE + FLAG_TABLES * FLAG_TABLE_SIZE;
/** In the same place, by CPU: the block of its newest stack. */
export const CPU_BLOCKS = TASK_PIDS;
export const TASK_IDS = TASK_PIDS + TASKS * 4;
export const GUESS_TABLE = TASK_IDS + TASKS * 4;
export const BLOCKS_BY_HASH = GUESS_TABLE + GUESSES * 4;
export const BLOCK_STARTS = BLOCKS_BY_HASH + HASHES * 4;
export const BLOCK_LENGTHS = BLOCK_STARTS + BLOCKS * 4;
export const BLOCK_STACKS = BLOCK_LENGTHS + BLOCKS * 4;
export const ARENA = BLOCK_STACKS + BLOCKS * 4;

// The columns of the batch.
export const TIME = ARENA + ARENA_SIZE;
export const PFN = TIME + ROWS * 8;
export const TASK = PFN + ROWS * 8;
export const NAME = TASK + ROWS * 4;
export const FLAGS = NAME + ROWS * 4;
export const COUNT = FLAGS + ROWS * 4;
export const MAPCOUNT = COUNT + ROWS * 4;
export const VAL = MAPCOUNT + ROWS * 4;
export const RET = VAL + ROWS * 4;
export const STACK = RET + ROWS * 4;
export const OFFSET_LOW = STACK + ROWS * 4;
export const CPU = OFFSET_LOW + ROWS * 4;
export const OFFSET_HIGH = CPU + ROWS * 2;
export const KIND = OFFSET_HIGH + ROWS * 2;
export const MAPPING = KIND + ROWS;
export const MIGRATETYPE = MAPPING + ROWS;
export const ORDER = MIGRATETYPE + ROWS;

// Of each cursor: where its page comes from, and the record that it stands on. Behind all of them are the heap and the pages.
// Samples have one, for the span alone.
export const CURSORS = ORDER + ROWS;
/** Four numbers of 64 bits; the stamp is what the time of the record behind is counted from. */
export const SPAN_OFFSET = 0;
export const SPAN_SCALE = 8;
export const RECORD_TIME = 16;
export const STAMP = 24;
/** The others have 32 bits. */
export const TO_SPAN = 32;
export const CURSOR_CPU = 36;
/** The page, the end of its records, and where the next one is; up to the end of the span pages can be turned. */
export const PAGE = 40;
export const PAGE_END = 44;
export const NEXT_PAGE = 48;
export const SPAN_END = 52;
export const PAGE_SIZE = 56;
/** How many pages were turned. */
export const PAGES_TURNED = 60;
/** 0 where something speaks against reading its record here. */
export const IS_ORDINARY = 64;
/** Heads of the record and of the one behind it, and the record's data. */
export const RECORD = 68;
export const NEXT_RECORD = 72;
export const RECORD_DATA = 76;
export const RECORD_LENGTH = 80;
/** Of the CPU's newest stack. */
export const BLOCK = 84;
/** Of the event that waits for its stack; the row may be none. */
export const WAITING_ROW = 88;
export const WAITING_PID = 92;
export const WAITING_CONTEXT = 96;
export const CURSOR_SIZE = 104;

// Why a loop came to an end, that of records with its first cursor.
/** It stands on a record that is none for the loop, or is not there as a whole. */
export const AT_RECORD = 0;
/** What it stands on was read, and what is behind it is no record as most are. */
export const BEHIND_RECORD = 1;
/** There is no room for its event in the batch. */
export const BATCH_IS_FULL = 2;
