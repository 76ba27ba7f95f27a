/* Report where an illegal instruction is: the file, its offset there, and its first 15 bytes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __aarch64__
#define PLACE(machine) (machine).pc
#else
#define PLACE(machine) (machine).gregs[REG_RIP]
#endif

static void report(int number, siginfo_t *info, void *context)
{
    const unsigned char *code = (const unsigned char *)PLACE(((ucontext_t *)context)->uc_mcontext);
    Dl_info where;
    char line[8192];
    int found = dladdr(code, &where) && where.dli_fname;
    unsigned long base = found ? (unsigned long)where.dli_fbase : 0;
    int length = snprintf(line, sizeof line - 64, "\nILLEGAL %#lx ", (unsigned long)code - base);

    for (int i = 0; i < 15; i++)
        length += snprintf(line + length, 3, "%02x", code[i]);
    length += snprintf(line + length, sizeof line - length, " %s\n", found ? where.dli_fname : "");
    if (write(2, line, length) < 0)
        _exit(133);
    _exit(132);
}

__attribute__((constructor)) static void install(void)
{
    struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO};

    sigaction(SIGILL, &action, 0);
}
