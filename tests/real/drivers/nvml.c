/* A stand-in for libnvidia-ml.so.1: the functions of nvml.h that are asked, with their real types. */
#define LIBRARY "NVML"
#include "driver.h"

typedef int nvmlReturn_t;
typedef struct nvmlDevice_st *nvmlDevice_t;

static int initialised;

nvmlReturn_t nvmlInitWithFlags(unsigned int flags) {
    int status = stage("init");
    if (!status && !flags && !gpu(-1)) return 9; /* NVML_ERROR_DRIVER_NOT_LOADED */
    initialised = !status;
    return status;
}

nvmlReturn_t nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

nvmlReturn_t nvmlShutdown(void) {
    sleep(30);
    return 0;
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) {
    *version = number("cuda", 12040);
    return stage("version");
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
    const char *name = word("name");
    if (!initialised) return 1; /* NVML_ERROR_UNINITIALIZED */
    strncpy(version, name ? name : "550.54.14", length);
    return 0;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
    *count = (unsigned int)number("count", gpu(-1));
    return 0;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
    if (gpu((int)index) < 0) return 2; /* NVML_ERROR_INVALID_ARGUMENT */
    *device = (nvmlDevice_t)((char *)0x7f0000000000 + index); /* more than 32 bits, as a pointer is */
    return index == (unsigned int)number("only", (int)index) ? stage("device") : 0;
}

nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor) {
    int capability = gpu((int)((char *)device - (char *)0x7f0000000000));
    *major = capability / 10;
    *minor = capability % 10;
    return 0;
}

const char *nvmlErrorString(nvmlReturn_t status) {
    (void)status;
    return "an error";
}
