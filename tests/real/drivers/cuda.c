/* A stand-in for libcuda.so.1: the functions of cuda.h that are asked, with their real types. */
#define LIBRARY "CUDA"
#include "driver.h"

typedef int CUresult;
typedef int CUdevice;

static int initialised;

CUresult cuInit(unsigned int flags) {
    int status = flags ? 1 : stage("init"); /* CUDA_ERROR_INVALID_VALUE */
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    if (!status && (!gpu(-1) || (visible && !*visible))) return 100; /* CUDA_ERROR_NO_DEVICE */
    initialised = !status;
    return status;
}

CUresult cuDriverGetVersion(int *version) {
    *version = number("cuda", 12040);
    return stage("version");
}

CUresult cuDeviceGetCount(int *count) {
    *count = gpu(-1);
    return initialised ? 0 : 3; /* CUDA_ERROR_NOT_INITIALIZED */
}

CUresult cuDeviceGet(CUdevice *device, int index) {
    *device = index;
    return gpu(index) < 0 ? 101 : stage("device"); /* CUDA_ERROR_INVALID_DEVICE */
}

CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
    if (attribute != 75 && attribute != 76) return 1;
    *value = attribute == 75 ? gpu(device) / 10 : gpu(device) % 10;
    return 0;
}
