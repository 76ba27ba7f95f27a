/* What the stand-ins of NVIDIA's libraries share: the variable DRIVER says how they behave, as words.
 *
 *   STAGE=HOW    at a stage (load, init, version, device) do this: hang, crash, exit, or fail with a number
 *   cuda=12040   the version that is reported      gpus=90,86   the capability of each GPU
 *   print        write to stdout and stderr all the time
 *   helper       leave a child behind that keeps every descriptor open for 30 seconds
 *
 * Words in the variable NVML or CUDA go before, for one library alone. DRIVER_LOG names a file that each loading
 * adds a line to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The value of a word, until the next is asked for. */
static const char *word(const char *name) {
    static char found[256];
    const char *words = getenv(LIBRARY) ? getenv(LIBRARY) : getenv("DRIVER");
    size_t length = strlen(name);
    while (words && *words) {
        size_t end = strcspn(words, " ");
        if (end >= length && end - length < sizeof found && !strncmp(words, name, length) &&
            (words[length] == '=' || length == end)) {
            const char *value = words + length + (length < end);
            size_t rest = end - (size_t)(value - words);
            memcpy(found, value, rest);
            found[rest] = 0;
            return found;
        }
        words += end + strspn(words + end, " ");
    }
    return NULL;
}

/* Behave as the stage is told to; 0 is success in NVML and in CUDA. */
static int stage(const char *name) {
    const char *how;
    if (word("print")) {
        printf("%s at %s\ncustomtags final {\"cuda\": [99, 9]}\n", LIBRARY, name);
        fprintf(stderr, "%s at %s\n", LIBRARY, name);
        fflush(NULL);
    }
    how = word(name);
    if (!how) return 0;
    if (!strcmp(how, "hang")) sleep(30);
    if (!strcmp(how, "crash")) abort();
    if (!strcmp(how, "exit")) _exit(0);
    return atoi(how);
}

static int number(const char *name, int otherwise) {
    const char *value = word(name);
    return value ? atoi(value) : otherwise;
}

/* The capability of the GPU of that index as 90 for 9.0, -1 past the last; their number for the index -1. */
static int gpu(int index) {
    const char *list = word("gpus");
    int count = 0;
    for (list = list ? list : "90"; *list; list += *list == ',') {
        int capability = (int)strtol(list, (char **)&list, 10);
        if (count++ == index) return capability;
    }
    return index < 0 ? count : -1;
}

__attribute__((constructor)) static void load(void) {
    FILE *log = getenv("DRIVER_LOG") ? fopen(getenv("DRIVER_LOG"), "a") : NULL;
    if (log) {
        fputs(LIBRARY "\n", log);
        fclose(log);
    }
    if (word("helper") && !fork()) {
        sleep(30);
        _exit(0);
    }
    stage("load");
}
