#include "protocol/pickle.h"

/* What follows an opcode. */
enum argument {
    BAD,  /* no opcode */
    NONE, /* nothing */
    A1,   /* so many bytes */
    A2,
    A4,
    A8,
    LINE,  /* up to the end of the line */
    LINES, /* two of them */
    L1,    /* a length of so many bytes, then that many */
    L4,
    L8,
};

/* By opcode. */
static const uint8_t arguments[256] = {['('] = NONE,
    ['.'] = NONE,
    ['0'] = NONE,
    ['1'] = NONE,
    ['2'] = NONE,
    ['F'] = LINE,
    ['I'] = LINE,
    ['J'] = A4,
    ['K'] = A1,
    ['L'] = LINE,
    ['M'] = A2,
    ['N'] = NONE,
    ['P'] = LINE,
    ['Q'] = NONE,
    ['R'] = NONE,
    ['S'] = LINE,
    ['T'] = L4,
    ['U'] = L1,
    ['V'] = LINE,
    ['X'] = L4,
    ['a'] = NONE,
    ['b'] = NONE,
    ['c'] = LINES,
    ['d'] = NONE,
    ['}'] = NONE,
    ['e'] = NONE,
    ['g'] = LINE,
    ['h'] = A1,
    ['i'] = LINES,
    ['j'] = A4,
    ['l'] = NONE,
    [']'] = NONE,
    ['o'] = NONE,
    ['p'] = LINE,
    ['q'] = A1,
    ['r'] = A4,
    ['s'] = NONE,
    ['t'] = NONE,
    [')'] = NONE,
    ['u'] = NONE,
    ['G'] = A8,
    ['B'] = L4,
    ['C'] = L1,
    [0x80] = A1,
    [0x81] = NONE,
    [0x82] = A1,
    [0x83] = A2,
    [0x84] = A4,
    [0x85] = NONE,
    [0x86] = NONE,
    [0x87] = NONE,
    [0x88] = NONE,
    [0x89] = NONE,
    [0x8a] = L1,
    [0x8b] = L4,
    [0x8c] = L1,
    [0x8d] = L8,
    [0x8e] = L8,
    [0x8f] = NONE,
    [0x90] = NONE,
    [0x91] = NONE,
    [0x92] = NONE,
    [0x93] = NONE,
    [0x94] = NONE,
    [0x95] = A8,
    [0x96] = L8,
    [0x97] = NONE,
    [0x98] = NONE};

enum {
    BINGET = 'h',
    BINPUT = 'q',
    GET = 'g',
    GLOBAL = 'c',
    INST = 'i',
    LONG_BINGET = 'j',
    LONG_BINPUT = 'r',
    OBJ = 'o',
    PUT = 'p',
    REDUCE = 'R',
    STOP = '.',
    NEWOBJ = 0x81,
    NEWOBJ_EX = 0x92,
    STACK_GLOBAL = 0x93,
    MEMOIZE = 0x94,
    MEMO = 64, /* texts that are remembered: names of functions stand at the beginning */
};

struct walk {
    struct tw_cur c;
    struct tw_str text[2]; /* the last two on the stack */
    struct tw_str memo[MEMO];
    uint32_t memoized;
    bool is_text;      /* the last opcode left a text */
    const char *found; /* module of a function that is on the stack */
};

/* Modules all of whose functions run something, and such functions of others. */
static const struct {
    const char *module, *name; /* NULL: any */
} callables[] = {{"os", NULL}, {"posix", NULL}, {"nt", NULL}, {"subprocess", NULL}, {"pty", NULL},
    {"runpy", NULL}, {"ctypes", NULL}, {"importlib", "import_module"}, {"commands", "getoutput"},
    {"commands", "getstatusoutput"}, {"webbrowser", "open"}, {"builtins", "eval"},
    {"builtins", "exec"}, {"builtins", "compile"}, {"builtins", "open"}, {"builtins", "__import__"},
    {"__builtin__", "eval"}, {"__builtin__", "compile"}, {"__builtin__", "execfile"},
    {"__builtin__", "open"}, {"__builtin__", "file"}, {"__builtin__", "__import__"}};

static const char *module_of(struct tw_str module, struct tw_str name)
{
    for (size_t i = 0; i < sizeof(callables) / sizeof(callables[0]); i++) {
        if (tw_str_is(module, callables[i].module) &&
            (callables[i].name == NULL || tw_str_is(name, callables[i].name)))
            return callables[i].module;
    }
    return NULL;
}

static bool line(struct tw_cur *c, struct tw_str *out)
{
    const struct tw_str rest = tw_cur_rest(c);
    const char *end = rest.len > 0 ? memchr(rest.p, '\n', rest.len) : NULL;
    return end != NULL && tw_cur_bytes(c, (size_t)(end - rest.p), out) && tw_cur_skip(c, 1);
}

static bool sized(struct tw_cur *c, enum argument a, struct tw_str *out)
{
    uint64_t n8 = 0;
    uint32_t n4 = 0;
    uint8_t n1 = 0;
    if (a == L1 ? !tw_cur_u8(c, &n1) : a == L4 ? !tw_cur_u32le(c, &n4) : !tw_cur_u64le(c, &n8))
        return false;
    const uint64_t n = n1 + n4 + n8;
    return n <= c->left && tw_cur_bytes(c, (size_t)n, out);
}

/* An opcode's argument; of two lines, the second goes to `out_more`. */
static bool argument(struct tw_cur *c, enum argument a, struct tw_str *out, struct tw_str *out_more)
{
    switch (a) {
    case NONE:
        return true;
    case A1:
    case A2:
    case A4:
    case A8:
        return tw_cur_bytes(c, (size_t)1 << (a - A1), out);
    case LINE:
        return line(c, out);
    case LINES:
        return line(c, out) && line(c, out_more);
    case L1:
    case L4:
    case L8:
        return sized(c, a, out);
    default:
        return false;
    }
}

static void push_text(struct walk *w, struct tw_str s)
{
    w->text[0] = w->text[1];
    w->text[1] = s;
    w->is_text = true;
}

/* Protocol 0 quotes its texts. */
static struct tw_str unquoted(struct tw_str s)
{
    const bool quoted = s.len >= 2 && (s.p[0] == '\'' || s.p[0] == '"');
    return quoted ? (struct tw_str){s.p + 1, s.len - 2} : s;
}

/* Which place of the memo an opcode names; MEMO or more for those that are not kept. */
static uint32_t place_of(uint8_t op, struct tw_str arg)
{
    struct tw_cur c = tw_cur_str(arg);
    uint32_t at = 0;
    if (op == BINGET || op == BINPUT)
        return (uint8_t)arg.p[0];
    if (op == LONG_BINGET || op == LONG_BINPUT)
        return tw_cur_u32le(&c, &at) ? at : MEMO;
    for (size_t i = 0; i < arg.len && at < MEMO; i++)
        at = arg.p[i] >= '0' && arg.p[i] <= '9' ? at * 10 + (uint32_t)(arg.p[i] - '0') : MEMO;
    return arg.len > 0 ? at : MEMO;
}

/* A text that is taken out of the memo is on the stack again. */
static bool use_memo(struct walk *w, uint8_t op, struct tw_str arg)
{
    const bool puts = op == PUT || op == BINPUT || op == LONG_BINPUT,
               gets = op == GET || op == BINGET || op == LONG_BINGET;
    if (!puts && !gets && op != MEMOIZE)
        return false;
    const uint32_t at = op == MEMOIZE ? w->memoized++ : place_of(op, arg);
    const struct tw_str kept = at < MEMO ? w->memo[at] : TW_STR_NONE;
    if (!gets && at < MEMO)
        w->memo[at] = w->is_text ? w->text[1] : TW_STR_NONE;
    else if (gets && kept.p != NULL)
        push_text(w, kept);
    else if (gets)
        w->is_text = false;
    return true;
}

static bool is_text_op(uint8_t op)
{
    return op == 'S' || op == 'T' || op == 'U' || op == 'V' || op == 'X' || op == 0x8c ||
           op == 0x8d;
}

/* True when something is called that was found. */
static bool step(struct walk *w, uint8_t op, struct tw_str arg, struct tw_str more)
{
    const char *module = NULL;
    if (use_memo(w, op, arg))
        return false;
    w->is_text = false;
    if (is_text_op(op))
        push_text(w, op == 'S' ? unquoted(arg) : arg);
    else if (op == GLOBAL || op == INST)
        module = module_of(arg, more);
    else if (op == STACK_GLOBAL)
        module = module_of(w->text[0], w->text[1]);
    if (module != NULL)
        w->found = module;
    return w->found != NULL &&
           (op == REDUCE || op == INST || op == OBJ || op == NEWOBJ || op == NEWOBJ_EX);
}

const char *tw_pickle_calls(struct tw_str bytes)
{
    struct walk w = {.c = tw_cur_str(bytes)};
    struct tw_str arg = TW_STR_NONE, more = TW_STR_NONE;
    uint8_t op;
    while (tw_cur_u8(&w.c, &op) && op != STOP) {
        if (!argument(&w.c, (enum argument)arguments[op], &arg, &more))
            return NULL;
        if (step(&w, op, arg, more))
            return w.found;
    }
    return NULL;
}
