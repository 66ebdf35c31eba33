/* Wine 8 has no bcryptprimitives.dll, from which Rust's library takes random numbers: its only function, from where
 * Wine has such numbers. For the tests; Windows has its own. */

#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return RtlGenRandom(data, (ULONG)length);
}
