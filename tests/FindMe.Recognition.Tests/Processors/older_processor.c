/* Hides AVX-512, VNNI and AMX from one library of a process, to see what it computes on an older x86-64 processor. AVX2 and FMA stay.
 *
 * In a copy of the library, each CPUID instruction is replaced by UD2, which is as long and raises SIGILL. The handler below answers it
 * without those features. The program's own SIGILL handler is kept, and called for everything else. The environment variable
 * OLDER_PROCESSOR_LIBRARY names the copy, which dlopen opens instead of the library of the same name.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define BIT(n) (1u << (n))

static struct sigaction of_program;
static int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);

static void answer(int signal_number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *instruction = (const uint8_t *)registers[REG_RIP];
    if (instruction[0] == 0x0f && instruction[1] == 0x0b)
    {
        uint32_t leaf = registers[REG_RAX], sub = registers[REG_RCX], a, b, c, d;
        __cpuid_count(leaf, sub, a, b, c, d);
        if (leaf == 7 && sub == 0)
        {
            b &= ~(BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31)); /* AVX-512 */
            c &= ~(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14));                                 /* VBMI, VNNI, BITALG, VPOPCNTDQ */
            d &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25));              /* AVX-512 again, AMX */
        }
        else if (leaf == 7 && sub == 1)
        {
            a &= ~(BIT(4) | BIT(5) | BIT(21) | BIT(23));          /* AVX-VNNI, BF16, AMX-FP16, AVX-IFMA */
            d &= ~(BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19)); /* AVX-VNNI-INT8, -INT16, AMX-COMPLEX, AVX10 */
        }
        registers[REG_RAX] = a;
        registers[REG_RBX] = b;
        registers[REG_RCX] = c;
        registers[REG_RDX] = d;
        registers[REG_RIP] += 2;
    }
    else if ((of_program.sa_flags & SA_SIGINFO) && of_program.sa_sigaction)
    {
        of_program.sa_sigaction(signal_number, info, context);
    }
    else
    {
        signal(SIGILL, SIG_DFL);
        raise(SIGILL);
    }
}

int sigaction(int signal_number, const struct sigaction *action, struct sigaction *old)
{
    if (!real_sigaction)
    {
        real_sigaction = dlsym(RTLD_NEXT, "sigaction");
    }
    if (signal_number != SIGILL)
    {
        return real_sigaction(signal_number, action, old);
    }
    if (old)
    {
        *old = of_program;
    }
    if (action)
    {
        of_program = *action;
    }
    return 0;
}

void *dlopen(const char *file, int flags)
{
    static void *(*real_dlopen)(const char *, int);
    const char *copy = getenv("OLDER_PROCESSOR_LIBRARY");
    if (!real_dlopen)
    {
        real_dlopen = dlsym(RTLD_NEXT, "dlopen");
    }
    if (file && copy)
    {
        const char *name = strrchr(file, '/'), *name_of_copy = strrchr(copy, '/');
        if (name && name_of_copy && strcmp(name, name_of_copy) == 0)
        {
            file = copy;
        }
    }
    return real_dlopen(file, flags);
}

__attribute__((constructor)) static void start(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = answer;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK | SA_RESTART;
    real_sigaction = dlsym(RTLD_NEXT, "sigaction");
    real_sigaction(SIGILL, &action, NULL);
}
