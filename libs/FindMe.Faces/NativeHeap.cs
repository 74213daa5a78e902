using System.Runtime.InteropServices;

namespace FindMe.Faces;

/// <summary>Limits how much freed native memory of models and decoders glibc keeps.</summary>
internal static partial class NativeHeap
{
    // M_ARENA_MAX of glibc's malloc.h.
    private const int ArenaMax = -8;

    // M_MMAP_THRESHOLD of malloc.h: larger blocks return to the system when freed. Without a fixed value, glibc raises it to the largest block seen.
    private const int MapThreshold = -3;
    private const int MapThresholdBytes = 1 << 20;

    /// <summary>
    /// Limits glibc to two heaps instead of eight per processor. Each heap keeps the memory of its largest photo, which took 150 MB more in
    /// a worker with two processors. Does nothing without glibc.
    /// </summary>
    public static void Bound() => TryCall(() => SetOption(ArenaMax, 2) & SetOption(MapThreshold, MapThresholdBytes));

    /// <summary>Returns freed memory to the system, after a large photo. Does nothing without glibc.</summary>
    public static void Trim() => TryCall(() => TrimHeap(0));

    private static void TryCall(Func<int> call)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            call();
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // No glibc: musl has a single heap.
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint keep);
}
